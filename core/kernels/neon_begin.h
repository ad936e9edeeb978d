// Opens the region in which functions are compiled for NEON with the dot-product extension;
// neon_end.h closes it. Include every other header before it, so that no shared inline function is
// compiled for the extension.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("arch=armv8.2-a+dotprod")
#endif
