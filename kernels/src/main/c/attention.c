/* Attention over tiles of positions: AttentionKernel.java's results, with its bits. */
#include "lanes.h"

#define POSITIONS 64 /* AttentionKernel.TILE */

/* How cached rows are stored: CacheElement.java, in its order. */
enum element { F32, F16, BF16, INT8 };

INLINE floats read_lanes(const uint8_t *p, int element) {
    switch (element) {
        case F32:
            return floats_load(p);
        case F16:
            return floats_from_halves(p);
        case BF16:
            return floats_of_bits(ints_left(ints_from_shorts(p), 16));
        default:
            return floats_of(ints_from_bytes(p));
    }
}

INLINE int element_bytes(int element) { return element == F32 ? 4 : element == INT8 ? 1 : 2; }

/* Fewer channels than lanes, the others 0; nothing past the row is read. */
INLINE floats read_some(const uint8_t *p, int element, int channels) {
    uint8_t row[LANES * 4] = {0};
    memcpy(row, p, (size_t)(channels * element_bytes(element)));
    return read_lanes(row, element);
}

INLINE void read_keys(
        const uint8_t *cache, const int64_t *rows, const int element, int from, int channels, float *to) {
    int bytes = element_bytes(element);
    for (int c = from; c < channels; c += LANES) {
        int count = channels - c < LANES ? channels - c : LANES;
        for (int position = 0; position < POSITIONS; position += LANES) {
            floats square[LANES];
            for (int i = 0; i < LANES; i++) {
                const uint8_t *p = cache + rows[position + i] + (int64_t)c * bytes;
                square[i] = count == LANES ? read_lanes(p, element) : read_some(p, element, count);
            }
            transpose(square);
            for (int i = 0; i < count; i++) {
                floats_store(to + (c + i) * POSITIONS + position, square[i]);
            }
        }
    }
}

/* Rows become [channel][position]. */
void NAME(yuebing_read_keys)(
        const uint8_t *cache, const int64_t *rows, int32_t element, int32_t from, int32_t channels, float *to) {
    switch (element) { /* a loop for each, since the element is a constant in it */
        case F32:
            read_keys(cache, rows, F32, from, channels, to);
            break;
        case F16:
            read_keys(cache, rows, F16, from, channels, to);
            break;
        case BF16:
            read_keys(cache, rows, BF16, from, channels, to);
            break;
        default:
            read_keys(cache, rows, INT8, from, channels, to);
    }
}

INLINE void read_values(
        const uint8_t *cache, const int64_t *rows, const int element, int from, int channels, float *to) {
    int bytes = element_bytes(element);
    for (int position = 0; position < POSITIONS; position++) {
        const uint8_t *row = cache + rows[position];
        float *out = to + position * channels;
        int c = from;
        for (; c + LANES <= channels; c += LANES) {
            floats_store(out + c, read_lanes(row + (int64_t)c * bytes, element));
        }
        if (c < channels) {
            float last[LANES];
            floats_store(last, read_some(row + (int64_t)c * bytes, element, channels - c));
            memcpy(out + c, last, (size_t)(channels - c) * sizeof(float));
        }
    }
}

/* Rows become [position][channel]. */
void NAME(yuebing_read_values)(
        const uint8_t *cache,
        const int64_t *rows,
        int64_t offset,
        int32_t element,
        int32_t from,
        int32_t channels,
        float *to) {
    const uint8_t *values = cache + offset;
    switch (element) {
        case F32:
            read_values(values, rows, F32, from, channels, to);
            break;
        case F16:
            read_values(values, rows, F16, from, channels, to);
            break;
        case BF16:
            read_values(values, rows, BF16, from, channels, to);
            break;
        default:
            read_values(values, rows, INT8, from, channels, to);
    }
}

/* vectors of positions that are summed at a time, so that their sums stay in registers for several queries */
#define TOGETHER (LANES == 16 ? 4 : 2)
#define QUERIES 4

INLINE void score(
        const float *keys,
        int channels,
        const float *key_scales,
        float scale,
        const float *q,
        const int32_t *at,
        float *scores,
        const int queries) {
    for (int position = 0; position < POSITIONS; position += TOGETHER * LANES) {
        floats sums[QUERIES][TOGETHER];
        for (int m = 0; m < queries; m++) {
            for (int v = 0; v < TOGETHER; v++) {
                sums[m][v] = floats_all(0);
            }
        }
        for (int c = 0; c < channels; c++) {
            for (int v = 0; v < TOGETHER; v++) {
                floats key = floats_load(keys + c * POSITIONS + position + v * LANES);
                for (int m = 0; m < queries; m++) {
                    sums[m][v] = floats_fma(floats_all(q[at[m] + c]), key, sums[m][v]);
                }
            }
        }
        for (int m = 0; m < queries; m++) {
            for (int v = 0; v < TOGETHER; v++) {
                int i = position + v * LANES;
                floats scaled = floats_mul(floats_mul(sums[m][v], floats_load(key_scales + i)), floats_all(scale));
                floats_store(scores + m * POSITIONS + i, scaled);
            }
        }
    }
}

/* scores[query][position] of queries from to to */
void NAME(yuebing_scores)(
        const float *keys,
        int32_t channels,
        const float *key_scales,
        float scale,
        const float *q,
        const int32_t *at,
        int32_t from,
        int32_t to,
        float *scores) {
    int m = from;
    for (; m + QUERIES <= to; m += QUERIES) {
        score(keys, channels, key_scales, scale, q, at + m, scores + m * POSITIONS, QUERIES);
    }
    switch (to - m) { /* together, or each would load the keys again */
        case 3:
            score(keys, channels, key_scales, scale, q, at + m, scores + m * POSITIONS, 3);
            break;
        case 2:
            score(keys, channels, key_scales, scale, q, at + m, scores + m * POSITIONS, 2);
            break;
        case 1:
            score(keys, channels, key_scales, scale, q, at + m, scores + m * POSITIONS, 1);
    }
}

/* Integers in the order of the floats, -0 before 0. */
INLINE ints ordered(ints bits) {
    return ints_xor(bits, ints_and(ints_sign(bits), ints_all(0x7FFFFFFF)));
}

/* The larger of before and all scores of a tile; NaN if one is NaN. */
INLINE float largest_score(const float *scores, float before) {
    ints largest = ordered(ints_of_bits(floats_all(before)));
    ints magnitude = ints_and(ints_of_bits(floats_all(before)), ints_all(0x7FFFFFFF));
    for (int i = 0; i < POSITIONS; i += LANES) {
        ints bits = ints_of_bits(floats_load(scores + i));
        largest = ints_max(largest, ordered(bits));
        magnitude = ints_max(magnitude, ints_and(bits, ints_all(0x7FFFFFFF)));
    }
    int32_t lanes[2][LANES];
    ints_store(lanes[0], largest);
    ints_store(lanes[1], magnitude);
    for (int i = 1; i < LANES; i++) {
        lanes[0][0] = lanes[0][i] > lanes[0][0] ? lanes[0][i] : lanes[0][0];
        lanes[1][0] = lanes[1][i] > lanes[1][0] ? lanes[1][i] : lanes[1][0];
    }
    if (lanes[1][0] > 0x7F800000) {
        return __builtin_nanf("");
    }
    int32_t bits = lanes[0][0] < 0 ? lanes[0][0] ^ 0x7FFFFFFF : lanes[0][0];
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Scores become exp(score - largest). */
void NAME(yuebing_weigh)(float *scores, int32_t from, int32_t to, float *largest, float *sums) {
    for (int m = from; m < to; m++) {
        float *row = scores + m * POSITIONS;
        largest[m] = largest_score(row, largest[m]);
        floats lanes[SUMS / LANES];
        for (int v = 0; v < SUMS / LANES; v++) {
            lanes[v] = floats_all(0);
        }
        for (int i = 0; i < POSITIONS; i += SUMS) {
            for (int v = 0; v < SUMS / LANES; v++) {
                floats e = exponential(floats_sub(floats_load(row + i + v * LANES), floats_all(largest[m])));
                floats_store(row + i + v * LANES, e);
                lanes[v] = floats_add(lanes[v], e);
            }
        }
        float all[SUMS];
        for (int v = 0; v < SUMS / LANES; v++) {
            floats_store(all + v * LANES, lanes[v]);
        }
        sums[m] = tree(all);
    }
}

/* The channels from c on, so many vectors of them. */
INLINE void accumulate_vectors(
        const float *values,
        int channels,
        int first,
        int last,
        const float *weights,
        float *sums,
        int stride,
        const int queries,
        int c,
        const int vectors) {
    floats at[QUERIES][TOGETHER];
    for (int m = 0; m < queries; m++) {
        for (int v = 0; v < vectors; v++) {
            at[m][v] = floats_load(sums + (int64_t)m * stride + c + v * LANES);
        }
    }
    for (int i = first; i < last; i++) {
        for (int v = 0; v < vectors; v++) {
            floats value = floats_load(values + i * channels + c + v * LANES);
            for (int m = 0; m < queries; m++) {
                at[m][v] = floats_fma(floats_all(weights[m * POSITIONS + i]), value, at[m][v]);
            }
        }
    }
    for (int m = 0; m < queries; m++) {
        for (int v = 0; v < vectors; v++) {
            floats_store(sums + (int64_t)m * stride + c + v * LANES, at[m][v]);
        }
    }
}

INLINE void accumulate(
        const float *values,
        int channels,
        int first,
        int last,
        const float *weights,
        float *sums,
        int stride,
        const int queries) {
    int c = 0;
    for (; c + TOGETHER * LANES <= channels; c += TOGETHER * LANES) {
        accumulate_vectors(values, channels, first, last, weights, sums, stride, queries, c, TOGETHER);
    }
    for (; c + LANES <= channels; c += LANES) {
        accumulate_vectors(values, channels, first, last, weights, sums, stride, queries, c, 1);
    }
    for (; c < channels; c++) {
        for (int m = 0; m < queries; m++) {
            float sum = sums[(int64_t)m * stride + c];
            for (int i = first; i < last; i++) {
                sum = __builtin_fmaf(weights[m * POSITIONS + i], values[i * channels + c], sum);
            }
            sums[(int64_t)m * stride + c] = sum;
        }
    }
}

/* Adds weighted values of the positions from first to last to accumulators. */
void NAME(yuebing_accumulate)(
        const float *values,
        int32_t channels,
        int32_t first,
        int32_t last,
        const float *weights,
        float *sums,
        int32_t stride,
        int32_t queries) {
    switch (queries) { /* at most QUERIES; a loop for each, whose sums are in registers */
        case 4:
            accumulate(values, channels, first, last, weights, sums, stride, 4);
            break;
        case 3:
            accumulate(values, channels, first, last, weights, sums, stride, 3);
            break;
        case 2:
            accumulate(values, channels, first, last, weights, sums, stride, 2);
            break;
        case 1:
            accumulate(values, channels, first, last, weights, sums, stride, 1);
    }
}
