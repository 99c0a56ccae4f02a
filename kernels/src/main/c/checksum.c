/*
 * CRC-32C of memory, found while it is copied: Crc32c.java. A CRC is the remainder of a polynomial whose coefficients are
 * the bits; what lies D bits further on counts x^D times as much, so a sum of earlier bytes is carried forward by one
 * multiplication without carries and added to the bytes there. Four vectors of sums go along; crc32 instructions take the
 * remainder of the last one, and the bytes that fill no vector.
 */
#include "lanes.h"

#if defined(__x86_64__)

/* x^(D + 32) and x^(D - 32) modulo the polynomial, bits reversed, for D bits of distance */
#define FORWARD_128 0x0f20c0dfe, 0x14cd00bd6
#define FORWARD_512 0x0740eef02, 0x09e4addf8
#define FORWARD_2048 0x0dcb17aa4, 0x0b9e02b86

#if defined(__VPCLMULQDQ__)

typedef __m512i sums;
#define BYTES 64
#define NEXT FORWARD_512
#define FOURTH FORWARD_2048
INLINE sums sums_load(const uint8_t *p) { return _mm512_loadu_si512(p); }
INLINE void sums_store(uint8_t *p, sums v) { _mm512_storeu_si512(p, v); }
INLINE void sums_stream(uint8_t *p, sums v) { _mm512_stream_si512((__m512i *)p, v); }
INLINE sums sums_of(uint32_t first) { return _mm512_zextsi128_si512(_mm_cvtsi32_si128((int)first)); }
INLINE sums sums_all(int64_t low, int64_t high) { return _mm512_broadcast_i64x2(_mm_set_epi64x(high, low)); }
INLINE sums sums_xor(sums a, sums b) { return _mm512_xor_si512(a, b); }
INLINE sums forward(sums v, sums by, sums onto) {
    return _mm512_ternarylogic_epi64(
            _mm512_clmulepi64_epi128(v, by, 0x00), _mm512_clmulepi64_epi128(v, by, 0x11), onto, 0x96);
}

#else

typedef __m128i sums;
#define BYTES 16
#define NEXT FORWARD_128
#define FOURTH FORWARD_512
INLINE sums sums_load(const uint8_t *p) { return _mm_loadu_si128((const __m128i *)p); }
INLINE void sums_store(uint8_t *p, sums v) { _mm_storeu_si128((__m128i *)p, v); }
INLINE void sums_stream(uint8_t *p, sums v) { _mm_stream_si128((__m128i *)p, v); }
INLINE sums sums_of(uint32_t first) { return _mm_cvtsi32_si128((int)first); }
INLINE sums sums_all(int64_t low, int64_t high) { return _mm_set_epi64x(high, low); }
INLINE sums sums_xor(sums a, sums b) { return _mm_xor_si128(a, b); }
INLINE sums forward(sums v, sums by, sums onto) {
    return _mm_xor_si128(
            _mm_xor_si128(_mm_clmulepi64_si128(v, by, 0x00), _mm_clmulepi64_si128(v, by, 0x11)), onto);
}

#endif

/* How far ahead memory is asked for: the processor's own looking ahead ends with each page. */
#define AHEAD 1024

enum { NOWHERE, THROUGH_CACHES, PAST_CACHES };

INLINE void put(uint8_t *target, sums v, int where) {
    if (where == THROUGH_CACHES) {
        sums_store(target, v);
    } else if (where == PAST_CACHES) {
        sums_stream(target, v);
    }
}

/* Byte order as the instructions have it, with no more than 8 bytes at a time. */
INLINE uint32_t by_words(uint32_t crc, const uint8_t *source, uint8_t *target, int64_t bytes, int where) {
    uint64_t sum = crc;
    int64_t i = 0;
    for (; i + 8 <= bytes; i += 8) {
        uint64_t word;
        memcpy(&word, source + i, 8);
        if (where != NOWHERE) {
            memcpy(target + i, &word, 8);
        }
        sum = _mm_crc32_u64(sum, word);
    }
    for (; i < bytes; i++) {
        uint8_t byte = source[i];
        if (where != NOWHERE) {
            target[i] = byte;
        }
        sum = _mm_crc32_u8((uint32_t)sum, byte);
    }
    return (uint32_t)sum;
}

/* The remainder of a vector. */
INLINE uint32_t remainder_of(sums v) {
    uint64_t words[BYTES / 8];
    memcpy(words, &v, sizeof v);
    uint64_t sum = 0;
    for (int i = 0; i < BYTES / 8; i++) {
        sum = _mm_crc32_u64(sum, words[i]);
    }
    return (uint32_t)sum;
}

/* Each byte is read once, so what is copied is what was summed, whoever writes to the source meanwhile. */
INLINE uint32_t sum(uint32_t crc, const uint8_t *source, uint8_t *target, int64_t bytes, int where) {
    if (bytes >= 4 * BYTES) {
        const sums fourth = sums_all(FOURTH);
        const sums next = sums_all(NEXT);
        sums v[4];
        for (int i = 0; i < 4; i++) {
            v[i] = sums_load(source + i * BYTES);
            put(target + i * BYTES, v[i], where);
        }
        v[0] = sums_xor(v[0], sums_of(crc));
        int64_t at = 4 * BYTES;
        for (; at + 4 * BYTES <= bytes; at += 4 * BYTES) {
            for (int i = 0; i < 4; i++) {
                __builtin_prefetch(source + at + AHEAD + i * BYTES);
                sums read = sums_load(source + at + i * BYTES);
                put(target + at + i * BYTES, read, where);
                v[i] = forward(v[i], fourth, read);
            }
        }
        crc = remainder_of(forward(forward(forward(v[0], next, v[1]), next, v[2]), next, v[3]));
        source += at;
        target += at;
        bytes -= at;
    }
    return by_words(crc, source, target, bytes, where);
}

/* crc: of the bytes before, 0 for none */
uint32_t NAME(yuebing_crc32c)(uint32_t crc, const uint8_t *source, int64_t bytes) {
    return ~sum(~crc, source, (uint8_t *)source, bytes, NOWHERE);
}

uint32_t NAME(yuebing_crc32c_copy)(
        uint32_t crc, const uint8_t *source, uint8_t *target, int64_t bytes, int32_t past_caches) {
    if (!past_caches) {
        return ~sum(~crc, source, target, bytes, THROUGH_CACHES);
    }
    int64_t before = -(intptr_t)target & (BYTES - 1); /* vectors past the caches must be aligned */
    before = before < bytes ? before : bytes;
    crc = by_words(~crc, source, target, before, THROUGH_CACHES);
    crc = ~sum(crc, source + before, target + before, bytes - before, PAST_CACHES);
    _mm_sfence();
    return crc;
}

#endif
