// Closes the region that avx512_begin.h, avx512_vbmi_begin.h or amx_begin.h opened.
#if !defined(TQDB_EMULATE_AVX512)
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
