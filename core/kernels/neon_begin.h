// Opens the region in which functions are compiled for NEON with the dot-product extension;
// neon_end.h closes it. Include every other header before it, for the reason that avx2_begin.h
// gives.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("arch=armv8.2-a+dotprod")
#endif
