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

INLINE int32_t largest_of(ints v) {
    int32_t lanes[LANES];
    ints_store(lanes, v);
    int32_t largest = lanes[0];
    for (int i = 1; i < LANES; i++) {
        largest = lanes[i] > largest ? lanes[i] : largest;
    }
    return largest;
}

/* Rounds at most 32 values, of which the lanes past the end are 0; returns their scale. */
INLINE float quantize_run(const float *x, int32_t integers[RUN]) {
    ints largest = ints_all(0); /* of the magnitudes' bits, whose order is that of the magnitudes, NaN last */
    for (int v = 0; v < RUN / LANES; v++) {
        ints magnitude = ints_and(ints_of_bits(floats_load(x + v * LANES)), ints_all(0x7FFFFFFF));
        largest = ints_max(largest, magnitude);
    }
    int32_t bits = largest_of(largest);
    float magnitude;
    memcpy(&magnitude, &bits, sizeof magnitude);
    if (bits >= 0x7F800000 || magnitude < TINY) {
        memset(integers, 0, RUN * sizeof(int32_t));
        return magnitude < TINY ? 0 : __builtin_nanf("");
    }
    floats factor = floats_all(127 / magnitude);
    for (int v = 0; v < RUN / LANES; v++) {
        floats scaled = floats_mul(floats_load(x + v * LANES), factor);
        floats rounded = floats_sub(floats_add(scaled, floats_all(ROUNDER)), floats_all(ROUNDER));
        ints_store(integers + v * LANES, ints_of(rounded));
    }
    return magnitude / 127;
}

/*
 * Rounds one token's activations to integers: bytes [block][token][input], in a word of 4-bit codes in the order
 * 0 2 4 6 1 3 5 7, scales and sums [run].
 */
void NAME(yuebing_quantize)(
        SHAPE_ARGUMENTS,
        const float *row,
        int32_t tokens,
        int32_t token,
        int8_t *bytes,
        float *scales,
        float *sums) {
    const struct shape given = SHAPE;
    const struct shape *shape = &given;
    static const int8_t order[8] = {0, 2, 4, 6, 1, 3, 5, 7};
    int nibbles = shape->encoding == NIBBLE;
    int input = 0;
    int run = 0;
    for (int group = 0; group < shape->groups; group++) {
        int inputs = group == shape->groups - 1 ? shape->last_group_inputs : shape->group_inputs;
        for (int first = 0; first < inputs; first += BLOCK) {
            int length = inputs - first < BLOCK ? inputs - first : BLOCK;
            int8_t *to = bytes + (long)input * tokens + (long)token * length;
            for (int i = 0; i < length; i += RUN) {
                int n = length - i < RUN ? length - i : RUN;
                float x[RUN] = {0};
                int32_t integers[RUN];
                memcpy(x, row + input + i, (size_t)n * sizeof(float));
                scales[run] = quantize_run(x, integers);
                int32_t sum = 0;
                for (int k = 0; k < n; k++) {
                    int from = nibbles ? (k & ~7) + order[k & 7] : k;
                    to[i + k] = (int8_t)integers[from];
                    sum += integers[from];
                }
                sums[run++] = (float)sum;
            }
            input += length;
        }
    }
}
