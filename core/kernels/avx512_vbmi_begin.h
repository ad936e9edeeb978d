// Opens a region like that of avx512_begin.h, in which VBMI (permutation of bytes over a whole
// vector) is allowed, too. avx512_end.h closes it.
#if !defined(TQDB_EMULATE_AVX512)
#if defined(__clang__)
#pragma clang attribute push(                                                            \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni"))), \
    apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")
#endif
#endif
