/*
 * Panels times activations: PanelKernel.java's sums, with its bits.
 *
 * A lane is an output row, a vector LANES of a panel's 32 rows; a tile is TILE tokens.
 */
#include "lanes.h"
#include "kernels.h"

#define BLOCK 128
#define RUN 32
#define MAX_TOKENS 256 /* TokenBatch.MAX_TOKENS */

/* 8-bit activations of some tokens: TokenBatch.java. */
struct batch {
    int32_t tokens;
    const int8_t *bytes;   /* [block][token][input], the inputs of a word of 4-bit codes in the order 0 2 4 6 1 3 5 7 */
    const float *scales;   /* [run][token] */
    const float *sums;     /* [run][token] of the integers */
    const int32_t *starts; /* [run][token] minus the sum times the code of 0 */
};

INLINE int scaled(const struct shape *shape) { return shape->encoding >= NIBBLE; }

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

/* Where panels' results go: PanelKernel.java. */
struct results {
    const float *bias; /* of the first row */
    float *y;          /* the first token's first row */
    int64_t stride;    /* from a token to the next */
    int32_t rows;      /* from the first one to the matrix's last */
    int32_t add;
};

/* The results of a panel of a matrix. */
INLINE struct results of_panel(const float *bias, float *y, int32_t at, int32_t outputs, int32_t add, int32_t panel) {
    long first = (long)panel * ROWS;
    struct results results = {bias + first, y + (long)at * outputs + first, outputs, (int32_t)(outputs - first), add};
    return results;
}

INLINE void begin_sums(const struct results *to, float *sums, int n) {
    for (int t = 0; t < n; t++) {
        for (int i = 0; i < ROWS; i += LANES) {
            floats_store(sums + t * ROWS + i, floats_load(to->bias + i));
        }
    }
}

/* Asks for where end_sums will write: with many outputs each token's row is in a page of its own. */
INLINE void ask_for_results(const struct results *to, int token, int n) {
    for (int t = 0; t < n; t++) {
        const float *y = to->y + (token + t) * to->stride;
        __builtin_prefetch(y, 1);
        __builtin_prefetch(y + ROWS / 2, 1);
    }
}

INLINE void end_sums(const struct results *to, int token, const float *sums, int n) {
    for (int t = 0; t < n; t++, sums += ROWS) {
        float *y = to->y + (token + t) * to->stride;
        int rows = to->rows < ROWS ? to->rows : ROWS;
        if (rows == ROWS && to->add) {
            for (int i = 0; i < ROWS; i += LANES) {
                floats_store(y + i, floats_add(floats_load(y + i), floats_load(sums + i)));
            }
        } else if (rows == ROWS) {
            for (int i = 0; i < ROWS; i += LANES) {
                floats_store(y + i, floats_load(sums + i));
            }
        } else {
            for (int i = 0; i < rows; i++) {
                y[i] = to->add ? y[i] + sums[i] : sums[i];
            }
        }
    }
}

INLINE int group_inputs(const struct shape *shape, int group) {
    return group == shape->groups - 1 ? shape->last_group_inputs : shape->group_inputs;
}

/* --- 8-bit activations ------------------------------------------------------------------------------------------- */

/*
 * One token reads every weight once, as fast as memory gives them: asks for those that are needed a page later, since the
 * processor looks ahead within a page only.
 */
INLINE void ask_ahead(const uint8_t *words) {
    for (int line = 0; line < ROWS * 4; line += 64) {
        __builtin_prefetch(words + 4096 + line);
    }
}

/* One word of every row, 8 or 4 inputs, for n tokens. */
INLINE void int8_word(
        const int nibbles, const uint8_t *words, const int8_t *x, long stride, ints sums[VECTORS][INT8_TILE], const int n) {
    const ints low = ints_all(0x0F0F0F0F);
    ints even[VECTORS], odd[VECTORS];
    for (int v = 0; v < VECTORS; v++) {
        ints word = ints_load(words + v * LANES * 4);
        even[v] = nibbles ? ints_and(word, low) : word;
        odd[v] = nibbles ? ints_and(ints_right(word, 4), low) : word;
    }
    for (int t = 0; t < n; t++) {
        ints inputs = ints_all_at(x + t * stride);
        for (int v = 0; v < VECTORS; v++) {
            sums[v][t] = nibbles ? dot_small(sums[v][t], even[v], inputs) : dot_bytes(sums[v][t], even[v], inputs);
        }
        if (nibbles) {
            inputs = ints_all_at(x + t * stride + 4);
            for (int v = 0; v < VECTORS; v++) {
                sums[v][t] = dot_small(sums[v][t], odd[v], inputs);
            }
        }
    }
}

/* The scaled sum of a run: added to the block's so far, or, if the block has no other run, taken over into y. */
INLINE void int8_run_end(
        const struct shape *shape,
        const int own_zeros,
        const uint8_t *header,
        const struct batch *batch,
        long run_token,
        const int alone,
        ints sums[VECTORS][INT8_TILE],
        float *to,
        const int n) {
    floats zeros[VECTORS], factors[VECTORS];
    __asm__("" : : "r"(to) : "memory"); /* the block's sums stay in memory, the registers are needed for integers */
    for (int v = 0; v < VECTORS; v++) {
        zeros[v] = own_zeros ? zero(shape, header, v) : floats_all(0);
        factors[v] = alone ? scale(shape, header, v) : floats_all(0);
    }
    for (int t = 0; t < n; t++) {
        for (int v = 0; v < VECTORS; v++) {
            float *at = to + t * ROWS + v * LANES;
            floats dot = floats_of(sums[v][t]);
            if (own_zeros) {
                dot = floats_fma(zeros[v], floats_all(-batch->sums[run_token + t]), dot);
            }
            floats factor = floats_all(batch->scales[run_token + t]);
            if (alone) {
                floats block = floats_fma(dot, factor, floats_all(0));
                floats_store(at, floats_fma(block, factors[v], floats_load(at)));
            } else {
                floats_store(at, floats_fma(dot, factor, floats_load(at)));
            }
        }
    }
}

/*
 * At most 32 inputs, which share the activations' scale.
 *
 * stride: bytes from a token's inputs to the next one's
 * to: [token][row] the block's sums, or y if the run is alone in its block
 */
INLINE void int8_run(
        const struct shape *shape,
        const int nibbles,
        const int own_zeros,
        const uint8_t *header,
        const uint8_t *words,
        int inputs,
        const struct batch *batch,
        long run_token,
        const int8_t *x,
        long stride,
        const int alone,
        float *to,
        const int n) {
    const int per_word = nibbles ? 8 : 4;
    ints sums[VECTORS][INT8_TILE];
    for (int t = 0; t < n; t++) {
        for (int v = 0; v < VECTORS; v++) {
            sums[v][t] = ints_all(own_zeros ? 0 : batch->starts[run_token + t]);
        }
    }
    if (inputs == RUN) {
#pragma GCC unroll 8
        for (int i = 0; i < RUN; i += per_word) {
            if (n == 1) {
                ask_ahead(words + i / per_word * ROWS * 4);
            }
            int8_word(nibbles, words + i / per_word * ROWS * 4, x + i, stride, sums, n);
        }
    } else {
        for (int i = 0; i < inputs; i += per_word) {
            int8_word(nibbles, words + i / per_word * ROWS * 4, x + i, stride, sums, n);
        }
    }
    int8_run_end(shape, own_zeros, header, batch, run_token, alone, sums, to, n);
}

INLINE void int8_tile(
        const struct shape *shape,
        const int nibbles,
        const int own_zeros,
        const uint8_t *panel,
        const struct batch *batch,
        int token,
        const struct results *results,
        const int n) {
    const uint8_t *at = panel;
    const int run_bytes = RUN / (nibbles ? 8 : 4) * ROWS * 4;
    const int8_t *block_bytes = batch->bytes;
    long run = token;
    float y[INT8_TILE * ROWS] __attribute__((aligned(64)));
    begin_sums(results, y, n);
    ask_for_results(results, token, n);
    float block[INT8_TILE * ROWS] __attribute__((aligned(64)));
    for (int group = 0; group < shape->groups; group++) {
        const uint8_t *header = at;
        int inputs = group_inputs(shape, group);
        at += header_bytes(shape);
        for (int first = 0; first < inputs; first += BLOCK) {
            int length = inputs - first < BLOCK ? inputs - first : BLOCK;
            const int8_t *x = block_bytes + (long)token * length;
            block_bytes += (long)batch->tokens * length;
            if (length == RUN) {
                int8_run(shape, nibbles, own_zeros, header, at, RUN, batch, run, x, RUN, 1, y, n);
                at += run_bytes;
                run += batch->tokens;
                continue;
            }
            for (int i = 0; i < n * ROWS; i += LANES) {
                floats_store(block + i, floats_all(0));
            }
            if (length == BLOCK) { /* a stride that the compiler knows: one pointer serves all tokens */
                for (int i = 0; i < BLOCK; i += RUN, at += run_bytes, run += batch->tokens) {
                    int8_run(shape, nibbles, own_zeros, header, at, RUN, batch, run, x + i, BLOCK, 0, block, n);
                }
            } else {
                for (int i = 0; i < length; i += RUN, run += batch->tokens) {
                    int some = length - i < RUN ? length - i : RUN;
                    int8_run(shape, nibbles, own_zeros, header, at, some, batch, run, x + i, length, 0, block, n);
                    at += some / RUN * run_bytes + some % RUN / (nibbles ? 8 : 4) * ROWS * 4;
                }
            }
            for (int v = 0; v < VECTORS; v++) {
                floats factor = scale(shape, header, v);
                for (int t = 0; t < n; t++) {
                    float *to = y + t * ROWS + v * LANES;
                    floats_store(to, floats_fma(floats_load(block + t * ROWS + v * LANES), factor, floats_load(to)));
                }
            }
        }
    }
    end_sums(results, token, y, n);
}

INLINE void int8_panel(
        const struct shape *shape,
        const int nibbles,
        const int own_zeros,
        const uint8_t *panel,
        const struct batch *batch,
        const struct results *to) {
    int token = 0;
    for (; token + INT8_TILE <= batch->tokens; token += INT8_TILE) {
        int8_tile(shape, nibbles, own_zeros, panel, batch, token, to, INT8_TILE);
    }
    if (INT8_TILE > 4 && token + 4 <= batch->tokens) {
        int8_tile(shape, nibbles, own_zeros, panel, batch, token, to, 4);
        token += 4;
    }
    for (; INT8_TILE > 2 && token + 2 <= batch->tokens; token += 2) {
        int8_tile(shape, nibbles, own_zeros, panel, batch, token, to, 2);
    }
    for (; token < batch->tokens; token++) {
        int8_tile(shape, nibbles, own_zeros, panel, batch, token, to, 1);
    }
}

void NAME(yuebing_int8)(
        SHAPE_ARGUMENTS,
        const uint8_t *panels,
        int64_t panel_bytes,
        int32_t from,
        int32_t to,
        int32_t tokens,
        const int8_t *bytes,
        const float *scales,
        const float *run_sums,
        const int32_t *starts,
        const float *bias,
        float *y,
        int32_t at,
        int32_t outputs,
        int32_t add) {
    const struct batch batch = {tokens, bytes, scales, run_sums, starts};
    struct shape constant = SHAPE; /* with constants that the compiler folds into loops of their own */
    for (int32_t i = from; i < to; i++) {
        const uint8_t *panel = panels + i * panel_bytes;
        const struct results results = of_panel(bias, y, at, outputs, add, i);
        if (constant.encoding == NIBBLE && !constant.own_zeros) {
            constant.encoding = NIBBLE;
            constant.own_zeros = 0;
            int8_panel(&constant, 1, 0, panel, &batch, &results);
        } else if (constant.encoding == NIBBLE) {
            constant.own_zeros = 1;
            int8_panel(&constant, 1, 1, panel, &batch, &results);
        } else if (!constant.own_zeros) {
            constant.encoding = BYTE;
            constant.own_zeros = 0;
            int8_panel(&constant, 0, 0, panel, &batch, &results);
        } else {
            constant.encoding = BYTE;
            constant.own_zeros = 1;
            int8_panel(&constant, 0, 1, panel, &batch, &results);
        }
    }
}

/* --- float activations ------------------------------------------------------------------------------------------- */

/*
 * The 8-bit floats in the highest bits of each lane: E4m3.java. The subnormal ones, those below 2^-6, come as if their
 * exponent had a leading 1, and lose it again; as subnormal floats processors would multiply them in microcode.
 */
INLINE floats floats_of_e4m3(ints codes) {
    ints sign = ints_and(codes, ints_all((int32_t)0x80000000));
    ints magnitude = ints_and(ints_right(codes, 4), ints_all(0x07F00000));
    floats normal = floats_of_bits(ints_add(magnitude, ints_all(120 << 23)));
    floats value = floats_min(normal, floats_fma(normal, floats_all(2), floats_all(-0x1p-6f)));
    return floats_of_bits(ints_xor(sign, ints_of_bits(value)));
}

/* Weight i of a word of each row; for scaled encodings code - zero. */
INLINE floats weight(const int encoding, ints word, int i, floats zeros) {
    switch (encoding) {
        case F32:
            return floats_of_bits(word);
        case F16:
            return floats_of_low_halves(i ? ints_right(word, 16) : word);
        case BF16:
            return floats_of_bits(i ? ints_and(word, ints_all((int32_t)0xFFFF0000)) : ints_left(word, 16));
        case NIBBLE:
            return floats_sub(floats_of(ints_and(ints_right(word, 4 * i), ints_all(15))), zeros);
        case E4M3:
            return floats_of_e4m3(ints_left(word, 24 - 8 * i));
        default:
            return floats_sub(floats_of(ints_and(ints_right(word, 8 * i), ints_all(255))), zeros);
    }
}

INLINE int inputs_per_word(const int encoding) {
    return encoding == F32 ? 1 : encoding == NIBBLE ? 8 : encoding == F16 || encoding == BF16 ? 2 : 4;
}

/* A block's weights as floats, [input][row]. */
INLINE void unpack(const int encoding, const uint8_t *words, int inputs, const floats zeros[VECTORS], float *to) {
    const int per = inputs_per_word(encoding);
    for (int k = 0; k < inputs; k += per, words += ROWS * 4) {
        for (int v = 0; v < VECTORS; v++) {
            ints word = ints_load(words + v * LANES * 4);
            for (int i = 0; i < per; i++) {
                floats_store(to + (k + i) * ROWS + v * LANES, weight(encoding, word, i, zeros[v]));
            }
        }
    }
}

/* Chains of a block end in the sums. */
INLINE void float_end(
        const struct shape *shape, const uint8_t *header, floats chains[VECTORS][TILE], float *sums, const int n) {
    for (int v = 0; v < VECTORS; v++) {
        floats factor = scale(shape, header, v);
        for (int t = 0; t < n; t++) {
            float *y = sums + (long)t * ROWS + v * LANES;
            floats_store(y, floats_fma(chains[v][t], factor, floats_load(y)));
        }
    }
}

/* A block's chains for one token, straight from the words: then memory is read while it is computed. */
INLINE void float_row(
        const int encoding,
        const struct shape *shape,
        const uint8_t *header,
        const uint8_t *words,
        int inputs,
        const floats zeros[VECTORS],
        const float *x,
        float *sums) {
    const int per = inputs_per_word(encoding);
    floats chains[VECTORS][TILE];
    for (int v = 0; v < VECTORS; v++) {
        chains[v][0] = floats_all(0);
    }
    for (int k = 0; k < inputs; k += per, words += ROWS * 4) {
        ask_ahead(words);
        for (int v = 0; v < VECTORS; v++) {
            ints word = ints_load(words + v * LANES * 4);
            for (int i = 0; i < per; i++) {
                chains[v][0] = floats_fma(floats_all(x[k + i]), weight(encoding, word, i, zeros[v]), chains[v][0]);
            }
        }
    }
    float_end(shape, header, chains, sums, 1);
}

/* A block's chains for n tokens. */
INLINE void float_tile(
        const struct shape *shape,
        const uint8_t *header,
        const float *weights,
        int inputs,
        const float *x,
        long stride,
        float *sums,
        const int n) {
    floats chains[VECTORS][TILE];
    for (int v = 0; v < VECTORS; v++) {
        for (int t = 0; t < n; t++) {
            chains[v][t] = floats_all(0);
        }
    }
    for (int k = 0; k < inputs; k++) {
        floats column[VECTORS];
        for (int v = 0; v < VECTORS; v++) {
            column[v] = floats_load(weights + k * ROWS + v * LANES);
        }
        for (int t = 0; t < n; t++) {
            floats input = floats_all(x[t * stride + k]);
            for (int v = 0; v < VECTORS; v++) {
                chains[v][t] = floats_fma(input, column[v], chains[v][t]);
            }
        }
    }
    float_end(shape, header, chains, sums, n);
}

/* All tokens times a block's unpacked weights. */
INLINE void float_tiles(
        const struct shape *shape,
        const uint8_t *header,
        const float *weights,
        int inputs,
        const float *x,
        long stride,
        int tokens,
        float *sums) {
    int t = 0;
    for (; t + TILE <= tokens; t += TILE) {
        float_tile(shape, header, weights, inputs, x + t * stride, stride, sums + t * ROWS, TILE);
    }
    for (; TILE > 4 && t + 4 <= tokens; t += 4) {
        float_tile(shape, header, weights, inputs, x + t * stride, stride, sums + t * ROWS, 4);
    }
    for (; t < tokens; t++) {
        float_tile(shape, header, weights, inputs, x + t * stride, stride, sums + t * ROWS, 1);
    }
}

/* In functions of their own: next to the constants of an encoding, compilers run out of registers for the tile. */
static __attribute__((noinline)) void full_block_tiles(
        const struct shape *shape,
        const uint8_t *header,
        const float *weights,
        const float *x,
        int tokens,
        float *sums) {
    float_tiles(shape, header, weights, BLOCK, x, BLOCK, tokens, sums); /* a stride known: one pointer serves all tokens */
}

static __attribute__((noinline)) void last_block_tiles(
        const struct shape *shape,
        const uint8_t *header,
        const float *weights,
        int inputs,
        const float *x,
        int tokens,
        float *sums) {
    float_tiles(shape, header, weights, inputs, x, inputs, tokens, sums);
}

INLINE void float_panel(
        const int encoding,
        const struct shape *shape,
        const uint8_t *panel,
        int tokens,
        const float *x,
        const struct results *to) {
    float weights[BLOCK * ROWS] __attribute__((aligned(64)));
    float sums[MAX_TOKENS * ROWS] __attribute__((aligned(64)));
    begin_sums(to, sums, tokens);
    const uint8_t *at = panel;
    for (int group = 0; group < shape->groups; group++) {
        const uint8_t *header = at;
        int inputs = group_inputs(shape, group);
        floats zeros[VECTORS];
        for (int v = 0; v < VECTORS; v++) {
            zeros[v] = encoding >= NIBBLE ? zero(shape, header, v) : floats_all(0);
        }
        at += header_bytes(shape);
        for (int first = 0; first < inputs; first += BLOCK) {
            int length = inputs - first < BLOCK ? inputs - first : BLOCK;
            if (tokens == 1) {
                float_row(encoding, shape, header, at, length, zeros, x, sums);
            } else {
                unpack(encoding, at, length, zeros, weights);
                if (length == BLOCK) {
                    full_block_tiles(shape, header, weights, x, tokens, sums);
                } else {
                    last_block_tiles(shape, header, weights, length, x, tokens, sums);
                }
            }
            at += length / inputs_per_word(encoding) * ROWS * 4;
            x += (long)tokens * length;
        }
    }
    end_sums(to, 0, sums, tokens);
}

/* values: [block][token][input] */
void NAME(yuebing_float)(
        SHAPE_ARGUMENTS,
        const uint8_t *panels,
        int64_t panel_bytes,
        int32_t from,
        int32_t to,
        int32_t tokens,
        const float *values,
        const float *bias,
        float *y,
        int32_t at,
        int32_t outputs,
        int32_t add) {
    struct shape shape = SHAPE;
    for (int32_t i = from; i < to; i++) {
        const uint8_t *panel = panels + i * panel_bytes;
        const struct results results = of_panel(bias, y, at, outputs, add, i);
        switch (shape.encoding) { /* a loop for each, since the encoding is a constant in it */
            case F32:
                shape.encoding = F32;
                float_panel(F32, &shape, panel, tokens, values, &results);
                break;
            case F16:
                shape.encoding = F16;
                float_panel(F16, &shape, panel, tokens, values, &results);
                break;
            case BF16:
                shape.encoding = BF16;
                float_panel(BF16, &shape, panel, tokens, values, &results);
                break;
            case NIBBLE:
                shape.encoding = NIBBLE;
                float_panel(NIBBLE, &shape, panel, tokens, values, &results);
                break;
            case E4M3:
                shape.encoding = E4M3;
                float_panel(E4M3, &shape, panel, tokens, values, &results);
                break;
            default:
                shape.encoding = BYTE;
                float_panel(BYTE, &shape, panel, tokens, values, &results);
        }
    }
}
