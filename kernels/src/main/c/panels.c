/*
 * Panels times activations: PanelKernel.java's sums, with its bits.
 *
 * A lane is an output row, a vector LANES of a panel's 32 rows; a tile is TILE tokens.
 */
#include "lanes.h"
#include "kernels.h"

#define BLOCK 128
#define RUN 32

/* 8-bit activations of some tokens: TokenBatch.java. */
struct batch {
    int32_t tokens;
    int32_t runs;        /* runs of a token */
    const int8_t *bytes; /* [block][token][input], the inputs of a word of 4-bit codes in the order 0 2 4 6 1 3 5 7 */
    const float *scales; /* [token][run] */
    const float *sums;   /* [token][run] of the integers */
};

INLINE int scaled(const struct shape *shape) { return shape->encoding >= NIBBLE; }

INLINE int words_of(const struct shape *shape, int inputs) {
    return shape->encoding == F32 ? inputs : shape->encoding == NIBBLE ? inputs / 8 : scaled(shape) ? inputs / 4 : inputs / 2;
}

INLINE int scale_bytes(const struct shape *shape) { return ROWS * (shape->half_scales ? 2 : 4); }

INLINE int header_bytes(const struct shape *shape) {
    return scaled(shape) ? scale_bytes(shape) + (shape->own_zeros ? ROWS * 2 : 0) : 0;
}

INLINE int middle(const struct shape *shape) { return shape->encoding == NIBBLE ? 8 : 128; }

INLINE floats scale(const struct shape *shape, const uint8_t *header, int v) {
    if (!scaled(shape)) {
        return floats_all(1);
    }
    return shape->half_scales ? floats_from_halves(header + v * LANES * 2) : floats_load(header + v * LANES * 4);
}

INLINE floats zero(const struct shape *shape, const uint8_t *header, int v) {
    if (!shape->own_zeros) {
        return floats_all((float)middle(shape));
    }
    return floats_of(ints_from_shorts(header + scale_bytes(shape) + v * LANES * 2));
}

INLINE int group_inputs(const struct shape *shape, int group) {
    return group == shape->groups - 1 ? shape->last_group_inputs : shape->group_inputs;
}

/* --- 8-bit activations ------------------------------------------------------------------------------------------- */

INLINE int32_t four_bytes(const int8_t *p) {
    int32_t four;
    memcpy(&four, p, 4);
    return four;
}

/* One word of every row, 8 or 4 inputs, for n tokens. */
INLINE void int8_word(
        int nibbles, const uint8_t *words, const int8_t *x, int stride, ints sums[VECTORS][TILE], const int n) {
    const ints low = ints_all(0x0F0F0F0F);
    for (int v = 0; v < VECTORS; v++) {
        ints word = ints_load(words + v * LANES * 4);
        if (nibbles) {
            ints even = ints_and(word, low);
            ints odd = ints_and(ints_right(word, 4), low);
            for (int t = 0; t < n; t++) {
                sums[v][t] = dot_small(sums[v][t], even, ints_all(four_bytes(x + (long)t * stride)));
                sums[v][t] = dot_small(sums[v][t], odd, ints_all(four_bytes(x + (long)t * stride + 4)));
            }
        } else {
            for (int t = 0; t < n; t++) {
                sums[v][t] = dot_bytes(sums[v][t], word, ints_all(four_bytes(x + (long)t * stride)));
            }
        }
    }
}

/* At most 32 inputs, which share the activations' scale; *inputs are left in the block. */
INLINE void int8_run(
        const struct shape *shape,
        int nibbles,
        const uint8_t *header,
        const uint8_t *words,
        int inputs,
        const struct batch *batch,
        int token,
        const int8_t *x,
        int stride,
        int run,
        floats block[VECTORS][TILE],
        const int n) {
    const int per_word = nibbles ? 8 : 4;
    ints sums[VECTORS][TILE];
    for (int t = 0; t < n; t++) {
        float sum = batch->sums[(long)(token + t) * batch->runs + run];
        ints start = ints_all(shape->own_zeros ? 0 : -middle(shape) * (int32_t)sum);
        for (int v = 0; v < VECTORS; v++) {
            sums[v][t] = start;
        }
    }
    if (inputs == RUN) {
        for (int i = 0; i < RUN; i += per_word) {
            int8_word(nibbles, words + i / per_word * ROWS * 4, x + i, stride, sums, n);
        }
    } else {
        for (int i = 0; i < inputs; i += per_word) {
            int8_word(nibbles, words + i / per_word * ROWS * 4, x + i, stride, sums, n);
        }
    }
    for (int t = 0; t < n; t++) {
        floats factor = floats_all(batch->scales[(long)(token + t) * batch->runs + run]);
        floats sum = floats_all(-batch->sums[(long)(token + t) * batch->runs + run]);
        for (int v = 0; v < VECTORS; v++) {
            floats dot = floats_of(sums[v][t]);
            if (shape->own_zeros) {
                dot = floats_fma(zero(shape, header, v), sum, dot);
            }
            block[v][t] = floats_fma(dot, factor, block[v][t]);
        }
    }
}

INLINE void int8_tile(
        const struct shape *shape,
        int nibbles,
        const uint8_t *panel,
        const struct batch *batch,
        int token,
        float *sums,
        const int n) {
    const uint8_t *at = panel;
    const int per_word = nibbles ? 8 : 4;
    const int8_t *block_bytes = batch->bytes;
    int run = 0;
    for (int group = 0; group < shape->groups; group++) {
        const uint8_t *header = at;
        int inputs = group_inputs(shape, group);
        at += header_bytes(shape);
        for (int first = 0; first < inputs; first += BLOCK) {
            int stride = inputs - first < BLOCK ? inputs - first : BLOCK;
            const int8_t *x = block_bytes + (long)token * stride;
            floats block[VECTORS][TILE];
            for (int v = 0; v < VECTORS; v++) {
                for (int t = 0; t < n; t++) {
                    block[v][t] = floats_all(0);
                }
            }
            for (int i = 0; i < stride; i += RUN) {
                int length = stride - i < RUN ? stride - i : RUN;
                int8_run(shape, nibbles, header, at, length, batch, token, x + i, stride, run, block, n);
                at += length / per_word * ROWS * 4;
                run++;
            }
            block_bytes += (long)batch->tokens * stride;
            for (int t = 0; t < n; t++) {
                float *y = sums + (long)(token + t) * ROWS;
                for (int v = 0; v < VECTORS; v++) {
                    floats sum = floats_load(y + v * LANES);
                    floats_store(y + v * LANES, floats_fma(block[v][t], scale(shape, header, v), sum));
                }
            }
        }
    }
}

INLINE void int8_panel(
        const struct shape *shape, int nibbles, const uint8_t *panel, const struct batch *batch, float *sums) {
    int token = 0;
    for (; token + TILE <= batch->tokens; token += TILE) {
        int8_tile(shape, nibbles, panel, batch, token, sums, TILE);
    }
    if (TILE > 2) {
        for (; token + 2 <= batch->tokens; token += 2) {
            int8_tile(shape, nibbles, panel, batch, token, sums, 2);
        }
    }
    for (; token < batch->tokens; token++) {
        int8_tile(shape, nibbles, panel, batch, token, sums, 1);
    }
}

void NAME(yuebing_int8)(
        SHAPE_ARGUMENTS,
        const uint8_t *panel,
        int32_t tokens,
        int32_t runs,
        const int8_t *bytes,
        const float *scales,
        const float *run_sums,
        float *sums) {
    const struct batch all = {tokens, runs, bytes, scales, run_sums};
    const struct batch *batch = &all;
    struct shape constant = SHAPE;
    if (constant.encoding == NIBBLE && !constant.own_zeros) {
        constant.encoding = NIBBLE; /* constants that the compiler folds into loops of their own */
        constant.own_zeros = 0;
        int8_panel(&constant, 1, panel, batch, sums);
    } else if (constant.encoding == NIBBLE) {
        constant.encoding = NIBBLE;
        constant.own_zeros = 1;
        int8_panel(&constant, 1, panel, batch, sums);
    } else {
        constant.encoding = BYTE;
        int8_panel(&constant, 0, panel, batch, sums);
    }
}

/* --- float activations ------------------------------------------------------------------------------------------- */

/* The 8-bit floats in the highest bits of each lane: E4m3.java. */
INLINE floats floats_of_e4m3(ints codes) {
    ints sign = ints_and(codes, ints_all((int32_t)0x80000000));
    ints magnitude = ints_and(ints_right(codes, 4), ints_all(0x07F00000));
    return floats_mul(floats_of_bits(ints_xor(sign, magnitude)), floats_all(0x1p120f));
}

/* A block's weights as floats, [input][row]; for scaled encodings code - zero. */
INLINE void unpack(const struct shape *shape, const uint8_t *header, const uint8_t *words, int inputs, float *to) {
    for (int v = 0; v < VECTORS; v++) {
        floats zeros = scaled(shape) ? zero(shape, header, v) : floats_all(0);
        const uint8_t *at = words + v * LANES * 4;
        float *w = to + v * LANES;
        switch (shape->encoding) {
            case F32:
                for (int k = 0; k < inputs; k++, at += ROWS * 4) {
                    floats_store(w + k * ROWS, floats_load(at));
                }
                break;
            case F16:
                for (int k = 0; k < inputs; k += 2, at += ROWS * 4) {
                    ints word = ints_load(at);
                    floats_store(w + k * ROWS, floats_of_low_halves(word));
                    floats_store(w + (k + 1) * ROWS, floats_of_low_halves(ints_right(word, 16)));
                }
                break;
            case BF16:
                for (int k = 0; k < inputs; k += 2, at += ROWS * 4) {
                    ints word = ints_load(at);
                    floats_store(w + k * ROWS, floats_of_bits(ints_left(word, 16)));
                    floats_store(w + (k + 1) * ROWS, floats_of_bits(ints_and(word, ints_all((int32_t)0xFFFF0000))));
                }
                break;
            case NIBBLE:
                for (int k = 0; k < inputs; k += 8, at += ROWS * 4) {
                    ints word = ints_load(at);
                    for (int i = 0; i < 8; i++) {
                        floats code = floats_of(ints_and(ints_right(word, 4 * i), ints_all(15)));
                        floats_store(w + (k + i) * ROWS, floats_sub(code, zeros));
                    }
                }
                break;
            case E4M3:
                for (int k = 0; k < inputs; k += 4, at += ROWS * 4) {
                    ints word = ints_load(at);
                    for (int i = 0; i < 4; i++) {
                        floats_store(w + (k + i) * ROWS, floats_of_e4m3(ints_left(word, 24 - 8 * i)));
                    }
                }
                break;
            default:
                for (int k = 0; k < inputs; k += 4, at += ROWS * 4) {
                    ints word = ints_load(at);
                    for (int i = 0; i < 4; i++) {
                        floats code = floats_of(ints_and(ints_right(word, 8 * i), ints_all(255)));
                        floats_store(w + (k + i) * ROWS, floats_sub(code, zeros));
                    }
                }
        }
    }
}

/* A block's chains for n tokens, then their place in the sums. */
INLINE void float_tile(
        const struct shape *shape,
        const uint8_t *header,
        const float *weights,
        int inputs,
        const float *x,
        int stride,
        float *sums,
        const int n) {
    floats chains[VECTORS][TILE];
    for (int v = 0; v < VECTORS; v++) {
        for (int t = 0; t < n; t++) {
            chains[v][t] = floats_all(0);
        }
    }
    for (int k = 0; k < inputs; k++) {
        for (int v = 0; v < VECTORS; v++) {
            floats weight = floats_load(weights + k * ROWS + v * LANES);
            for (int t = 0; t < n; t++) {
                chains[v][t] = floats_fma(floats_all(x[(long)t * stride + k]), weight, chains[v][t]);
            }
        }
    }
    for (int t = 0; t < n; t++) {
        for (int v = 0; v < VECTORS; v++) {
            float *y = sums + (long)t * ROWS + v * LANES;
            floats_store(y, floats_fma(chains[v][t], scale(shape, header, v), floats_load(y)));
        }
    }
}

void NAME(yuebing_float)(
        SHAPE_ARGUMENTS,
        const uint8_t *panel,
        int32_t tokens,
        const float *values,
        float *sums) {
    const struct shape given = SHAPE;
    const struct shape *shape = &given;
    float weights[BLOCK * ROWS] __attribute__((aligned(64)));
    const uint8_t *at = panel;
    const float *x = values; /* [block][token][input] */
    for (int group = 0; group < shape->groups; group++) {
        const uint8_t *header = at;
        int inputs = group_inputs(shape, group);
        at += header_bytes(shape);
        for (int first = 0; first < inputs; first += BLOCK) {
            int length = inputs - first < BLOCK ? inputs - first : BLOCK;
            unpack(shape, header, at, length, weights);
            int token = 0;
            for (; token + TILE <= tokens; token += TILE) {
                const float *row = x + (long)token * length;
                float_tile(shape, header, weights, length, row, length, sums + token * ROWS, TILE);
            }
            for (; token < tokens; token++) {
                const float *row = x + (long)token * length;
                float_tile(shape, header, weights, length, row, length, sums + token * ROWS, 1);
            }
            at += words_of(shape, length) * ROWS * 4;
            x += (long)tokens * length;
        }
    }
}
