/* Choosing from long rows of scores: SelectionKernel.java's results, with its bits. The compiler makes the vectors. */
#include "lanes.h"

#define CHUNK 256

float NAME(yuebing_largest)(const float *x, int32_t at, int32_t n) {
    x += at;
    int32_t largest = INT32_MIN;
    int32_t magnitude = 0;
    for (int i = 0; i < n; i++) {
        int32_t bits;
        memcpy(&bits, x + i, sizeof bits);
        int32_t absolute = bits & 0x7FFFFFFF;
        int32_t order = bits < 0 ? bits ^ 0x7FFFFFFF : bits;
        magnitude = absolute > magnitude ? absolute : magnitude;
        largest = order > largest ? order : largest;
    }
    if (magnitude > 0x7F800000) {
        return __builtin_nanf("");
    }
    int32_t bits = n == 0 ? (int32_t)0xFF800000 : largest < 0 ? largest ^ 0x7FFFFFFF : largest;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

int32_t NAME(yuebing_count_at_least)(const float *x, int32_t at, int32_t n, float least) {
    x += at;
    int32_t count = 0;
    for (int i = 0; i < n; i++) {
        count += x[i] >= least ? 1 : 0;
    }
    return count;
}

int32_t NAME(yuebing_first_at_least)(const float *x, int32_t from, int32_t to, float least) {
    int i = from;
    while (i + CHUNK <= to && NAME(yuebing_count_at_least)(x, i, CHUNK, least) == 0) {
        i += CHUNK;
    }
    while (i < to && !(x[i] >= least)) {
        i++;
    }
    return i;
}

float NAME(yuebing_sum_at_least)(const float *x, int32_t at, int32_t n, float least) {
    x += at;
    float lanes[SUMS] = {0};
    int i = 0;
    for (; i + SUMS <= n; i += SUMS) {
        for (int lane = 0; lane < SUMS; lane++) {
            lanes[lane] += x[i + lane] >= least ? x[i + lane] : 0;
        }
    }
    for (int lane = 0; i < n; i++, lane++) {
        lanes[lane] += x[i] >= least ? x[i] : 0;
    }
    return tree(lanes);
}

INLINE floats weigh(floats x, float shift, float factor, float least) {
    return floats_at_least(exponential(floats_mul(floats_sub(x, floats_all(shift)), floats_all(factor))), least);
}

float NAME(yuebing_select_exponentials)(
        const float *x,
        int32_t at,
        int32_t n,
        float shift,
        float factor,
        float least,
        float *weights,
        int32_t weights_at) {
    x += at;
    weights += weights_at;
    floats sums[SUMS / LANES];
    for (int v = 0; v < SUMS / LANES; v++) {
        sums[v] = floats_all(0);
    }
    int i = 0;
    for (; i + SUMS <= n; i += SUMS) {
        for (int v = 0; v < SUMS / LANES; v++) {
            floats weight = weigh(floats_load(x + i + v * LANES), shift, factor, least);
            floats_store(weights + i + v * LANES, weight);
            sums[v] = floats_add(sums[v], weight);
        }
    }
    float lanes[SUMS];
    for (int v = 0; v < SUMS / LANES; v++) {
        floats_store(lanes + v * LANES, sums[v]);
    }
    float rest[SUMS] = {0};
    memcpy(rest, x + i, (size_t)(n - i) * sizeof(float));
    for (int v = 0; v < SUMS; v += LANES) {
        floats_store(rest + v, weigh(floats_load(rest + v), shift, factor, least));
    }
    for (int lane = 0; i + lane < n; lane++) {
        weights[i + lane] = rest[lane];
        lanes[lane] += rest[lane];
    }
    return tree(lanes);
}
