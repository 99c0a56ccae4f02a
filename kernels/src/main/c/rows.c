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

typedef int32_t run_ints __attribute__((vector_size(RUN * sizeof(int32_t))));
typedef int8_t run_bytes __attribute__((vector_size(RUN)));

/* The inputs of each word of 4-bit codes: those of the low halves of its bytes, then those of the high ones. */
#define WORD(w) w, w + 2, w + 4, w + 6, w + 1, w + 3, w + 5, w + 7

/* Writes a run's integers as bytes and returns their sum. */
INLINE int32_t put_run(const int32_t integers[RUN], const int nibbles, int n, int8_t *to) {
    run_ints all;
    memcpy(&all, integers, sizeof all);
    run_bytes bytes = __builtin_convertvector(all, run_bytes);
    if (nibbles) {
        bytes = __builtin_shufflevector(bytes, bytes, WORD(0), WORD(8), WORD(16), WORD(24));
    }
    memcpy(to, &bytes, (size_t)n);
    int32_t sum = 0;
    for (int k = 0; k < RUN; k++) {
        sum += integers[k];
    }
    return sum;
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
    const int nibbles = shape->encoding == NIBBLE;
    const int32_t middle = nibbles ? 8 : 128;
    int input = 0;
    long at = token;
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
                scales[at] = quantize_run(x, integers);
                int32_t sum = nibbles ? put_run(integers, 1, n, to + i) : put_run(integers, 0, n, to + i);
                sums[at] = (float)sum;
                starts[at] = -middle * sum;
                at += tokens;
            }
            input += length;
        }
    }
}
