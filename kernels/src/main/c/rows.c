/* Arithmetic on single rows of activations: RowKernel.java's results, with its bits. */
#include "lanes.h"
#include "kernels.h"

#define RUN 32
#define BLOCK 128

static const float ROUNDER = 0x1.8p23f;
static const float TINY = 1e-30f;

float NAME(yuebing_sum_of_squares)(const float *x, int32_t n) {
    floats sums[SUMS / LANES];
    for (int v = 0; v < SUMS / LANES; v++) {
        sums[v] = floats_all(0);
    }
    int i = 0;
    for (; i + SUMS <= n; i += SUMS) {
        for (int v = 0; v < SUMS / LANES; v++) {
            floats value = floats_load(x + i + v * LANES);
            sums[v] = floats_fma(value, value, sums[v]);
        }
    }
    float last[SUMS] = {0};
    memcpy(last, x + i, (size_t)(n - i) * sizeof(float));
    float all[SUMS];
    for (int v = 0; v < SUMS / LANES; v++) {
        floats value = floats_load(last + v * LANES);
        floats_store(all + v * LANES, floats_fma(value, value, sums[v]));
    }
    return tree(all);
}

INLINE floats silu_mul(floats gate, floats up) {
    floats e = exponential(floats_sub(floats_all(-0.0f), gate));
    return floats_mul(floats_div(gate, floats_add(floats_all(1), e)), up);
}

void NAME(yuebing_silu_mul)(const float *gate, const float *up, float *out, int32_t n) {
    int i = 0;
    for (; i + LANES <= n; i += LANES) {
        floats_store(out + i, silu_mul(floats_load(gate + i), floats_load(up + i)));
    }
    float last[2][LANES] = {{0}};
    size_t bytes = (size_t)(n - i) * sizeof(float);
    memcpy(last[0], gate + i, bytes);
    memcpy(last[1], up + i, bytes);
    floats_store(last[0], silu_mul(floats_load(last[0]), floats_load(last[1])));
    memcpy(out + i, last[0], bytes);
}

/* gelu with tanh, as x / (1 + exp(-2 sqrt(2 / pi) (x + 0.044715 x^3))) */
INLINE floats gelu_mul(floats x, floats up) {
    floats square = floats_mul(floats_mul(floats_all(0.044715f), x), x);
    floats inner = floats_mul(floats_all(0.79788456f), floats_fma(square, x, x));
    floats e = exponential(floats_mul(floats_all(-2), inner));
    return floats_mul(floats_div(x, floats_add(floats_all(1), e)), up);
}

void NAME(yuebing_gelu_mul)(const float *gate, const float *up, float *out, int32_t n) {
    int i = 0;
    for (; i + LANES <= n; i += LANES) {
        floats_store(out + i, gelu_mul(floats_load(gate + i), floats_load(up + i)));
    }
    float last[2][LANES] = {{0}};
    size_t bytes = (size_t)(n - i) * sizeof(float);
    memcpy(last[0], gate + i, bytes);
    memcpy(last[1], up + i, bytes);
    floats_store(last[0], gelu_mul(floats_load(last[0]), floats_load(last[1])));
    memcpy(out + i, last[0], bytes);
}

/* cap * tanh(x / cap), as cap * (1 - 2 / (exp(2 x / cap) + 1)) */
INLINE floats soft_cap(floats x, float cap) {
    floats e = exponential(floats_mul(x, floats_all(2 / cap)));
    floats below = floats_div(floats_all(2), floats_add(e, floats_all(1)));
    return floats_mul(floats_sub(floats_all(1), below), floats_all(cap));
}

void NAME(yuebing_soft_cap)(float *x, int32_t n, float cap) {
    int i = 0;
    for (; i + LANES <= n; i += LANES) {
        floats_store(x + i, soft_cap(floats_load(x + i), cap));
    }
    float last[LANES] = {0};
    size_t bytes = (size_t)(n - i) * sizeof(float);
    memcpy(last, x + i, bytes);
    floats_store(last, soft_cap(floats_load(last), cap));
    memcpy(x + i, last, bytes);
}

#define RUN_VECTORS (RUN / LANES)

/* Rounds 32 values; returns their scale. */
INLINE float quantize_run(const float *x, ints integers[RUN_VECTORS]) {
    ints largest = ints_all(0); /* of the magnitudes' bits, whose order is that of the magnitudes, NaN last */
    for (int v = 0; v < RUN_VECTORS; v++) {
        ints magnitude = ints_and(ints_of_bits(floats_load(x + v * LANES)), ints_all(0x7FFFFFFF));
        largest = ints_max(largest, magnitude);
    }
    int32_t bits = ints_largest(largest);
    float magnitude;
    memcpy(&magnitude, &bits, sizeof magnitude);
    if (bits >= 0x7F800000 || magnitude < TINY) {
        for (int v = 0; v < RUN_VECTORS; v++) {
            integers[v] = ints_all(0);
        }
        return magnitude < TINY ? 0 : __builtin_nanf("");
    }
    floats factor = floats_all(127 / magnitude);
    for (int v = 0; v < RUN_VECTORS; v++) {
        floats scaled = floats_mul(floats_load(x + v * LANES), factor);
        floats rounded = floats_sub(floats_add(scaled, floats_all(ROUNDER)), floats_all(ROUNDER));
        integers[v] = ints_of(rounded);
    }
    return magnitude / 127;
}

/* Writes a run's integers as bytes: with nibbles, those of each word of 4-bit codes in the order 0 2 4 6 1 3 5 7. */
INLINE void put_run(const ints integers[RUN_VECTORS], const int nibbles, int8_t to[RUN]) {
    for (int v = 0; v < RUN_VECTORS; v++) {
        /* with fewer lanes than a word has codes, a vector fills one half of each half */
        int at = nibbles && LANES < 8 ? v / 2 * 8 + v % 2 * 2 : v * LANES;
        ints_store_bytes(to + at, integers[v], nibbles);
    }
}

/* One token's activations, as integers: see yuebing_quantize. */
struct rounded {
    int8_t *to;
    float *scale;
    float *sum;
    int32_t *start;
};

/* Rounds a run, of which the values from n on are 0 and not written. */
INLINE void round_run(const float *x, const int nibbles, const int n, struct rounded out) {
    ints integers[RUN_VECTORS];
    *out.scale = quantize_run(x, integers);
    ints sums = ints_all(0);
    for (int v = 0; v < RUN_VECTORS; v++) {
        sums = ints_add(sums, integers[v]);
    }
    int32_t sum = ints_total(sums);
    *out.sum = (float)sum;
    *out.start = -(nibbles ? 8 : 128) * sum;
    if (n == RUN) {
        put_run(integers, nibbles, out.to);
    } else {
        int8_t bytes[RUN];
        put_run(integers, nibbles, bytes);
        memcpy(out.to, bytes, (size_t)n);
    }
}

/* At most 128 inputs that lie together. */
INLINE void round_block(const float *x, const int nibbles, int length, long tokens, struct rounded out) {
    int i = 0;
    for (; i + RUN <= length; i += RUN) {
        round_run(x + i, nibbles, RUN, out);
        out = (struct rounded){out.to + RUN, out.scale + tokens, out.sum + tokens, out.start + tokens};
    }
    if (i < length) {
        float last[RUN] = {0};
        memcpy(last, x + i, (size_t)(length - i) * sizeof(float));
        round_run(last, nibbles, length - i, out);
    }
}

/*
 * Rounds one token's activations to integers: bytes [block][token][input], in a word of 4-bit codes in the order
 * 0 2 4 6 1 3 5 7; scales, sums and starts [run][token], where a start is what the code of 0 takes from a dot product.
 */
void NAME(yuebing_quantize)(
        SHAPE_ARGUMENTS,
        const float *row,
        int32_t tokens,
        int32_t token,
        int8_t *bytes,
        float *scales,
        float *sums,
        int32_t *starts) {
    const struct shape given = SHAPE;
    const struct shape *shape = &given;
    int input = 0;
    long at = token;
    for (int group = 0; group < shape->groups; group++) {
        int inputs = group == shape->groups - 1 ? shape->last_group_inputs : shape->group_inputs;
        for (int first = 0; first < inputs; first += BLOCK) {
            int length = inputs - first < BLOCK ? inputs - first : BLOCK;
            int8_t *to = bytes + (long)input * tokens + (long)token * length;
            struct rounded out = {to, scales + at, sums + at, starts + at};
            if (shape->encoding == NIBBLE) {
                round_block(row + input, 1, length, tokens, out);
            } else {
                round_block(row + input, 0, length, tokens, out);
            }
            at += (long)((length + RUN - 1) / RUN) * tokens;
            input += length;
        }
    }
}
