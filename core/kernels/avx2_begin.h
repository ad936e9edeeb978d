// Opens the region in which functions are compiled for AVX2 and FMA; avx2_end.h closes it.
//
// Include every other header before it. An inline function of a shared header must not be compiled
// inside the region. The linker keeps one copy for the whole program, and this one would crash on a
// CPU without AVX2.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
