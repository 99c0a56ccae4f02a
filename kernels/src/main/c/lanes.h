/*
 * Vectors of one instruction set, under names that the loops are written in once.
 *
 * Compiled once for each instruction set; NAME gives a function a name of its own in each. Products are fused, sums have
 * the order of the Java loops, so every set gives their bits; nothing here may be compiled with -ffast-math.
 */
#ifndef YUEBING_LANES_H
#define YUEBING_LANES_H

#include <stdint.h>
#include <string.h>

#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)
#define NAME(function) JOIN(function, ISA)
#define INLINE static inline __attribute__((always_inline))

/* 4 bytes that may lie anywhere */
typedef int32_t __attribute__((aligned(1), may_alias)) four_bytes;

#if defined(__AVX512VNNI__)

#include <immintrin.h>
#define ISA avx512
#define LANES 16
/* 32 registers: 2 vectors of rows for each token */
#define TILE 12
#define INT8_TILE 8
typedef __m512 floats;
typedef __m512i ints;
INLINE floats floats_load(const void *p) { return _mm512_loadu_ps(p); }
INLINE void floats_store(float *p, floats v) { _mm512_storeu_ps(p, v); }
INLINE floats floats_all(float v) { return _mm512_set1_ps(v); }
INLINE floats floats_fma(floats a, floats b, floats c) { return _mm512_fmadd_ps(a, b, c); }
INLINE floats floats_sub(floats a, floats b) { return _mm512_sub_ps(a, b); }
INLINE floats floats_add(floats a, floats b) { return _mm512_add_ps(a, b); }
INLINE floats floats_mul(floats a, floats b) { return _mm512_mul_ps(a, b); }
INLINE floats floats_div(floats a, floats b) { return _mm512_div_ps(a, b); }
/* b if one of the two is NaN */
INLINE floats floats_min(floats a, floats b) { return _mm512_min_ps(a, b); }
INLINE floats floats_max(floats a, floats b) { return _mm512_max_ps(a, b); }
/* v, but 0 where w is below least */
INLINE floats floats_from(floats v, floats w, float least) {
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(w, _mm512_set1_ps(least), _CMP_NLT_UQ), v);
}
/* v, but 0 where it is not at least that: where it is NaN, too */
INLINE floats floats_at_least(floats v, float least) {
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(v, _mm512_set1_ps(least), _CMP_GE_OQ), v);
}
INLINE ints ints_of_bits(floats v) { return _mm512_castps_si512(v); }
INLINE ints ints_of(floats v) { return _mm512_cvtps_epi32(v); }
INLINE void ints_store(void *p, ints v) { _mm512_storeu_si512(p, v); }
INLINE ints ints_add(ints a, ints b) { return _mm512_add_epi32(a, b); }
INLINE ints ints_sub(ints a, ints b) { return _mm512_sub_epi32(a, b); }
INLINE int32_t ints_largest(ints a) { return _mm512_reduce_max_epi32(a); }
INLINE int32_t ints_total(ints a) { return _mm512_reduce_add_epi32(a); }
/* the low bytes; with words, each 8 of them in the order 0 2 4 6 1 3 5 7 */
INLINE void ints_store_bytes(void *p, ints v, const int words) {
    __m128i bytes = _mm512_cvtepi32_epi8(v);
    const __m128i order = _mm_setr_epi8(0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15);
    _mm_storeu_si128(p, words ? _mm_shuffle_epi8(bytes, order) : bytes);
}
INLINE ints ints_max(ints a, ints b) { return _mm512_max_epi32(a, b); }
INLINE ints ints_half(ints a) { return _mm512_srai_epi32(a, 1); }
INLINE ints ints_sign(ints a) { return _mm512_srai_epi32(a, 31); }
INLINE ints ints_xor(ints a, ints b) { return _mm512_xor_si512(a, b); }
INLINE floats floats_of(ints v) { return _mm512_cvtepi32_ps(v); }
INLINE floats floats_of_bits(ints v) { return _mm512_castsi512_ps(v); }
INLINE floats floats_from_halves(const void *p) { return _mm512_cvtph_ps(_mm256_loadu_si256(p)); }
INLINE ints ints_load(const void *p) { return _mm512_loadu_si512(p); }
INLINE ints ints_from_shorts(const void *p) { return _mm512_cvtepi16_epi32(_mm256_loadu_si256(p)); }
INLINE ints ints_from_bytes(const void *p) { return _mm512_cvtepi8_epi32(_mm_loadu_si128(p)); }
INLINE ints ints_all(int32_t v) { return _mm512_set1_epi32(v); }
/* the 4 bytes there, in every lane; told to the compiler, which would take them through a register and the busiest port */
INLINE ints ints_all_at(const void *p) {
    ints v;
    __asm__("vpbroadcastd %1, %0" : "=v"(v) : "m"(*(const four_bytes *)p));
    return v;
}
INLINE ints ints_and(ints a, ints b) { return _mm512_and_si512(a, b); }
INLINE ints ints_left(ints a, int bits) { return _mm512_slli_epi32(a, bits); }
INLINE ints ints_right(ints a, int bits) { return _mm512_srli_epi32(a, bits); }
/* adds to each lane the products of its 4 unsigned bytes of u below 128 and its 4 signed bytes of s */
INLINE ints dot_small(ints sum, ints u, ints s) { return _mm512_dpbusd_epi32(sum, u, s); }
/* the same for any unsigned bytes */
INLINE ints dot_bytes(ints sum, ints u, ints s) { return _mm512_dpbusd_epi32(sum, u, s); }
/* the halves in the low 16 bits of each lane */
INLINE floats floats_of_low_halves(ints v) { return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(v)); }

#elif defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)

#include <immintrin.h>
#define ISA avx2
#define LANES 8
/* 16 registers: 4 vectors of rows for each token */
#define TILE 2
#define INT8_TILE 2
typedef __m256 floats;
typedef __m256i ints;
INLINE floats floats_load(const void *p) { return _mm256_loadu_ps(p); }
INLINE void floats_store(float *p, floats v) { _mm256_storeu_ps(p, v); }
INLINE floats floats_all(float v) { return _mm256_set1_ps(v); }
INLINE floats floats_fma(floats a, floats b, floats c) { return _mm256_fmadd_ps(a, b, c); }
INLINE floats floats_sub(floats a, floats b) { return _mm256_sub_ps(a, b); }
INLINE floats floats_add(floats a, floats b) { return _mm256_add_ps(a, b); }
INLINE floats floats_mul(floats a, floats b) { return _mm256_mul_ps(a, b); }
INLINE floats floats_div(floats a, floats b) { return _mm256_div_ps(a, b); }
/* b if one of the two is NaN */
INLINE floats floats_min(floats a, floats b) { return _mm256_min_ps(a, b); }
INLINE floats floats_max(floats a, floats b) { return _mm256_max_ps(a, b); }
INLINE floats floats_from(floats v, floats w, float least) {
    return _mm256_and_ps(v, _mm256_cmp_ps(w, _mm256_set1_ps(least), _CMP_NLT_UQ));
}
INLINE floats floats_at_least(floats v, float least) {
    return _mm256_and_ps(v, _mm256_cmp_ps(v, _mm256_set1_ps(least), _CMP_GE_OQ));
}
INLINE ints ints_of_bits(floats v) { return _mm256_castps_si256(v); }
INLINE ints ints_of(floats v) { return _mm256_cvtps_epi32(v); }
INLINE void ints_store(void *p, ints v) { _mm256_storeu_si256(p, v); }
INLINE ints ints_add(ints a, ints b) { return _mm256_add_epi32(a, b); }
INLINE ints ints_sub(ints a, ints b) { return _mm256_sub_epi32(a, b); }
INLINE int32_t ints_largest(ints a) {
    __m128i four = _mm_max_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    __m128i two = _mm_max_epi32(four, _mm_shuffle_epi32(four, 0x4E));
    return _mm_cvtsi128_si32(_mm_max_epi32(two, _mm_shuffle_epi32(two, 0xB1)));
}
INLINE int32_t ints_total(ints a) {
    __m128i four = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    __m128i two = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4E));
    return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 0xB1)));
}
/* the low bytes; with words, in the order 0 2 4 6 1 3 5 7 */
INLINE void ints_store_bytes(void *p, ints v, const int words) {
    const __m256i inputs = _mm256_set1_epi32(0x0C080400), pairs = _mm256_set1_epi32(0x0C040800);
    __m256i bytes = _mm256_shuffle_epi8(v, words ? pairs : inputs);
    __m128i low = _mm256_castsi256_si128(bytes), high = _mm256_extracti128_si256(bytes, 1);
    _mm_storel_epi64(p, words ? _mm_unpacklo_epi16(low, high) : _mm_unpacklo_epi32(low, high));
}
INLINE ints ints_max(ints a, ints b) { return _mm256_max_epi32(a, b); }
INLINE ints ints_half(ints a) { return _mm256_srai_epi32(a, 1); }
INLINE ints ints_sign(ints a) { return _mm256_srai_epi32(a, 31); }
INLINE ints ints_xor(ints a, ints b) { return _mm256_xor_si256(a, b); }
INLINE floats floats_of(ints v) { return _mm256_cvtepi32_ps(v); }
INLINE floats floats_of_bits(ints v) { return _mm256_castsi256_ps(v); }
INLINE floats floats_from_halves(const void *p) { return _mm256_cvtph_ps(_mm_loadu_si128(p)); }
INLINE ints ints_load(const void *p) { return _mm256_loadu_si256(p); }
INLINE ints ints_from_shorts(const void *p) { return _mm256_cvtepi16_epi32(_mm_loadu_si128(p)); }
INLINE ints ints_from_bytes(const void *p) { return _mm256_cvtepi8_epi32(_mm_loadl_epi64(p)); }
INLINE ints ints_all(int32_t v) { return _mm256_set1_epi32(v); }
INLINE ints ints_all_at(const void *p) {
    ints v;
    __asm__("vpbroadcastd %1, %0" : "=x"(v) : "m"(*(const four_bytes *)p));
    return v;
}
INLINE ints ints_and(ints a, ints b) { return _mm256_and_si256(a, b); }
INLINE ints ints_left(ints a, int bits) { return _mm256_slli_epi32(a, bits); }
INLINE ints ints_right(ints a, int bits) { return _mm256_srli_epi32(a, bits); }
INLINE ints dot_small(ints sum, ints u, ints s) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(u, s), _mm256_set1_epi16(1)));
}
/* in 16-bit numbers, since the sums of maddubs would not fit */
INLINE ints dot_bytes(ints sum, ints u, ints s) {
    ints even = _mm256_madd_epi16(_mm256_and_si256(u, _mm256_set1_epi16(255)), _mm256_srai_epi16(_mm256_slli_epi16(s, 8), 8));
    ints odd = _mm256_madd_epi16(_mm256_srli_epi16(u, 8), _mm256_srai_epi16(s, 8));
    return _mm256_add_epi32(sum, _mm256_add_epi32(even, odd));
}
INLINE floats floats_of_low_halves(ints v) {
    ints low = _mm256_and_si256(v, _mm256_set1_epi32(0xFFFF));
    ints packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(low, low), 0x08);
    return _mm256_cvtph_ps(_mm256_castsi256_si128(packed));
}

#elif defined(__ARM_FEATURE_DOTPROD)

#include <arm_neon.h>
#define ISA neon
#define LANES 4
/* 32 registers: 8 vectors of rows for each token */
#define TILE 2
#define INT8_TILE 2
typedef float32x4_t floats;
typedef int32x4_t ints;
INLINE floats floats_load(const void *p) { return vld1q_f32(p); }
INLINE void floats_store(float *p, floats v) { vst1q_f32(p, v); }
INLINE floats floats_all(float v) { return vdupq_n_f32(v); }
INLINE floats floats_fma(floats a, floats b, floats c) { return vfmaq_f32(c, a, b); }
INLINE floats floats_sub(floats a, floats b) { return vsubq_f32(a, b); }
INLINE floats floats_add(floats a, floats b) { return vaddq_f32(a, b); }
INLINE floats floats_mul(floats a, floats b) { return vmulq_f32(a, b); }
INLINE floats floats_div(floats a, floats b) { return vdivq_f32(a, b); }
/* NaN if one of the two is NaN */
INLINE floats floats_min(floats a, floats b) { return vminq_f32(a, b); }
INLINE floats floats_max(floats a, floats b) { return vmaxq_f32(a, b); }
INLINE floats floats_from(floats v, floats w, float least) {
    return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(v), vcltq_f32(w, vdupq_n_f32(least))));
}
INLINE floats floats_at_least(floats v, float least) {
    return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(v), vcgeq_f32(v, vdupq_n_f32(least))));
}
INLINE ints ints_of_bits(floats v) { return vreinterpretq_s32_f32(v); }
INLINE ints ints_of(floats v) { return vcvtq_s32_f32(v); }
INLINE void ints_store(void *p, ints v) { vst1q_s32(p, v); }
INLINE ints ints_add(ints a, ints b) { return vaddq_s32(a, b); }
INLINE ints ints_sub(ints a, ints b) { return vsubq_s32(a, b); }
INLINE int32_t ints_largest(ints a) { return vmaxvq_s32(a); }
INLINE int32_t ints_total(ints a) { return vaddvq_s32(a); }
/* the low bytes; with words, the even ones go to p and the odd ones behind the next vector's even ones */
INLINE void ints_store_bytes(int8_t *p, ints v, const int words) {
    int16x4_t shorts = vmovn_s32(v);
    int8x8_t bytes = vmovn_s16(vcombine_s16(shorts, shorts));
    if (words) {
        bytes = vuzp1_s8(bytes, vext_s8(bytes, bytes, 1)); /* 0 2 0 2 1 3 1 3 */
    }
    int8_t all[8];
    vst1_s8(all, bytes);
    memcpy(p, all, words ? 2 : 4);
    if (words) {
        memcpy(p + 4, all + 4, 2);
    }
}
INLINE ints ints_max(ints a, ints b) { return vmaxq_s32(a, b); }
INLINE ints ints_half(ints a) { return vshrq_n_s32(a, 1); }
INLINE ints ints_sign(ints a) { return vshrq_n_s32(a, 31); }
INLINE ints ints_xor(ints a, ints b) { return veorq_s32(a, b); }
INLINE floats floats_of(ints v) { return vcvtq_f32_s32(v); }
INLINE floats floats_of_bits(ints v) { return vreinterpretq_f32_s32(v); }
INLINE floats floats_from_halves(const void *p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))); }
INLINE ints ints_load(const void *p) { return vld1q_s32(p); }
INLINE ints ints_from_shorts(const void *p) { return vmovl_s16(vld1_s16(p)); }
INLINE ints ints_from_bytes(const void *p) {
    int8x8_t bytes = vreinterpret_s8_s32(vdup_n_s32(0));
    memcpy(&bytes, p, 4);
    return vmovl_s16(vget_low_s16(vmovl_s8(bytes)));
}
INLINE ints ints_all(int32_t v) { return vdupq_n_s32(v); }
INLINE ints ints_all_at(const void *p) { return vdupq_n_s32(*(const four_bytes *)p); }
INLINE ints ints_and(ints a, ints b) { return vandq_s32(a, b); }
INLINE ints ints_left(ints a, int bits) { return vshlq_s32(a, vdupq_n_s32(bits)); }
INLINE ints ints_right(ints a, int bits) {
    return vreinterpretq_s32_u32(vshlq_u32(vreinterpretq_u32_s32(a), vdupq_n_s32(-bits)));
}
INLINE ints dot_small(ints sum, ints u, ints s) {
    return vdotq_s32(sum, vreinterpretq_s8_s32(u), vreinterpretq_s8_s32(s));
}
/* u = 2 (u / 2) + u % 2, whose parts are small */
INLINE ints dot_bytes(ints sum, ints u, ints s) {
    uint8x16_t bytes = vreinterpretq_u8_s32(u);
    ints half = vreinterpretq_s32_u8(vshrq_n_u8(bytes, 1));
    ints rest = vreinterpretq_s32_u8(vandq_u8(bytes, vdupq_n_u8(1)));
    return dot_small(dot_small(dot_small(sum, half, s), half, s), rest, s);
}
INLINE floats floats_of_low_halves(ints v) {
    return vcvt_f32_f16(vreinterpret_f16_u16(vmovn_u32(vreinterpretq_u32_s32(v))));
}

#endif

/* Exchanges lanes of two vectors: what is left of a step by s in a transposed square. */
#define LOW(l, s) ((l) & (s) ? LANES + (l) - (s) : (l))
#define HIGH(l, s) ((l) & (s) ? LANES + (l) : (l) + (s))
#if LANES == 16
#define INDICES(f, s) \
    f(0, s), f(1, s), f(2, s), f(3, s), f(4, s), f(5, s), f(6, s), f(7, s), f(8, s), f(9, s), f(10, s), f(11, s), \
            f(12, s), f(13, s), f(14, s), f(15, s)
#elif LANES == 8
#define INDICES(f, s) f(0, s), f(1, s), f(2, s), f(3, s), f(4, s), f(5, s), f(6, s), f(7, s)
#else
#define INDICES(f, s) f(0, s), f(1, s), f(2, s), f(3, s)
#endif
#define TRANSPOSE_STEP(square, s) \
    for (int i = 0; i < LANES; i++) { \
        if (!(i & (s))) { \
            floats low = __builtin_shufflevector(square[i], square[i + (s)], INDICES(LOW, s)); \
            square[i + (s)] = __builtin_shufflevector(square[i], square[i + (s)], INDICES(HIGH, s)); \
            square[i] = low; \
        } \
    }

/* Rows become columns. */
INLINE void transpose(floats square[LANES]) {
    TRANSPOSE_STEP(square, 1)
    TRANSPOSE_STEP(square, 2)
#if LANES >= 8
    TRANSPOSE_STEP(square, 4)
#endif
#if LANES >= 16
    TRANSPOSE_STEP(square, 8)
#endif
}

#define ROWS 32
#define VECTORS (ROWS / LANES)

#define SUMS 16 /* Kernels.REDUCTION_LANES */

/* Adds up 16 partial sums in the order of Kernels.sum. */
INLINE float tree(float sums[SUMS]) {
    for (int half = SUMS / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; i++) {
            sums[i] += sums[i + half];
        }
    }
    return sums[0];
}

/* Exponential.java */
INLINE floats exponential(floats value) {
    floats x = floats_min(floats_all(89), floats_max(floats_all(-64), value));
    floats rounder = floats_all(0x1.8p23f);
    floats rounded = floats_fma(x, floats_all(1.44269504f), rounder);
    floats n = floats_sub(rounded, rounder);
    floats r = floats_fma(n, floats_all(-0.693359375f), x);
    r = floats_fma(n, floats_all(2.12194440e-4f), r);
    floats p = floats_fma(floats_all(1.9875691500e-4f), r, floats_all(1.3981999507e-3f));
    p = floats_fma(p, r, floats_all(8.3334519073e-3f));
    p = floats_fma(p, r, floats_all(4.1665795894e-2f));
    p = floats_fma(p, r, floats_all(1.6666665459e-1f));
    p = floats_fma(p, r, floats_all(5.0000001201e-1f));
    p = floats_add(floats_fma(p, floats_mul(r, r), r), floats_all(1));
    ints exponent = ints_sub(ints_of_bits(rounded), ints_of_bits(rounder));
    ints half = ints_half(exponent);
    ints bias = ints_all(127);
    p = floats_mul(p, floats_of_bits(ints_left(ints_add(half, bias), 23)));
    p = floats_mul(p, floats_of_bits(ints_left(ints_add(ints_sub(exponent, half), bias), 23)));
    return floats_from(p, value, -64);
}

#endif
