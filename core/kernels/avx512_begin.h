// Opens the region in which functions are compiled for AVX-512 (F, BW, DQ, VL, VNNI); avx512_end.h
// closes it. Include every other header before it, for the reason that avx2_begin.h gives.
//
// TQDB_EMULATE_AVX512 builds the same code over SIMDe's portable intrinsics, so that its results
// are tested on machines that lack the instructions.
#if !defined(TQDB_EMULATE_AVX512)
#if defined(__clang__)
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")
#endif
#endif
