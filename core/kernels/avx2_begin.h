// Opens the region in which functions are compiled for AVX2 and FMA; avx2_end.h closes it. Include
// every other header before it, so that no shared inline function is compiled for AVX2.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
