/*
 * Moves bytes between memories in which they have other strides: MoveKernel.java. Squares of short runs are exchanged in
 * registers. What is not read again soon goes past the caches, where the processor can.
 */
#include "lanes.h"

typedef uint8_t piece __attribute__((vector_size(16)));
typedef uint16_t piece2 __attribute__((vector_size(16)));
typedef uint32_t piece4 __attribute__((vector_size(16)));

INLINE piece piece_load(const uint8_t *p) {
    piece v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE void piece_store(uint8_t *p, piece v, int past_caches) {
#if defined(__x86_64__)
    if (past_caches) {
        _mm_stream_si128((__m128i *)p, (__m128i)v);
        return;
    }
#endif
    memcpy(p, &v, sizeof v);
}

INLINE void moved(int past_caches) {
#if defined(__x86_64__)
    if (past_caches) {
        _mm_sfence();
    }
#endif
}

static int aligned(const uint8_t *p, int64_t stride) {
    return (((intptr_t)p | stride) & 15) == 0;
}

/* Asks for rows in one go, since the processor does not foresee leaps between them. */
INLINE void fetch(const uint8_t *source, int64_t stride, int64_t rows, int64_t bytes) {
    for (int64_t row = 0; row < rows; row++) {
        for (int64_t i = 0; i < bytes; i += 64) {
            __builtin_prefetch(source + row * stride + i);
        }
    }
}

/* The first or the last halves of two pieces, element by element in turn. */
INLINE piece low_1(piece a, piece b) {
    return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
INLINE piece high_1(piece a, piece b) {
    return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}
INLINE piece low_2(piece a, piece b) {
    return (piece)__builtin_shufflevector((piece2)a, (piece2)b, 0, 8, 1, 9, 2, 10, 3, 11);
}
INLINE piece high_2(piece a, piece b) {
    return (piece)__builtin_shufflevector((piece2)a, (piece2)b, 4, 12, 5, 13, 6, 14, 7, 15);
}
INLINE piece low_4(piece a, piece b) {
    return (piece)__builtin_shufflevector((piece4)a, (piece4)b, 0, 4, 1, 5);
}
INLINE piece high_4(piece a, piece b) {
    return (piece)__builtin_shufflevector((piece4)a, (piece4)b, 2, 6, 3, 7);
}

/*
 * A square of N rows of N runs of RUN bytes, N * RUN = 16, becomes its columns: interleaving row i with row i + N / 2 moves
 * one bit of the index from the row to the column, log2(N) times.
 */
#define SQUARE(RUN, N) \
    INLINE void square_##RUN(const uint8_t *source, int64_t stride, piece columns[N]) { \
        piece rows[N]; \
        for (int i = 0; i < N; i++) { \
            columns[i] = piece_load(source + i * stride); \
        } \
        for (int distance = 1; distance < N; distance *= 2) { \
            for (int i = 0; i < N; i++) { \
                rows[i] = columns[i]; \
            } \
            for (int i = 0; i < N / 2; i++) { \
                columns[2 * i] = low_##RUN(rows[i], rows[i + N / 2]); \
                columns[2 * i + 1] = high_##RUN(rows[i], rows[i + N / 2]); \
            } \
        } \
    } \
    /* Columns c .. c + N - 1 of all rows that make squares; as many at a time as fill a line of a column. */ \
    INLINE int64_t stripe_##RUN( \
            const uint8_t *source, \
            int64_t row_stride, \
            uint8_t *target, \
            int64_t column_stride, \
            int64_t rows, \
            int past_caches) { \
        int64_t row = 0; \
        piece line[4][N]; \
        for (; row + 4 * N <= rows; row += 4 * N) { \
            for (int part = 0; part < 4; part++) { \
                square_##RUN(source + (row + part * N) * row_stride, row_stride, line[part]); \
            } \
            for (int i = 0; i < N; i++) { \
                for (int part = 0; part < 4; part++) { \
                    piece_store(target + i * column_stride + row * RUN + part * 16, line[part][i], past_caches); \
                } \
            } \
        } \
        for (; row + 2 * N <= rows; row += 2 * N) { \
            square_##RUN(source + row * row_stride, row_stride, line[0]); \
            square_##RUN(source + (row + N) * row_stride, row_stride, line[1]); \
            for (int i = 0; i < N; i++) { \
                piece_store(target + i * column_stride + row * RUN, line[0][i], past_caches); \
                piece_store(target + i * column_stride + (row + N) * RUN, line[1][i], past_caches); \
            } \
        } \
        for (; row + N <= rows; row += N) { \
            square_##RUN(source + row * row_stride, row_stride, line[0]); \
            for (int i = 0; i < N; i++) { \
                piece_store(target + i * column_stride + row * RUN, line[0][i], past_caches); \
            } \
        } \
        return row; \
    }

SQUARE(1, 16)
SQUARE(2, 8)
SQUARE(4, 4)

/* Run by run, for what squares leave over and for runs of any other length. */
INLINE void runs(
        const uint8_t *source,
        int64_t row_stride,
        uint8_t *target,
        int64_t column_stride,
        int32_t run,
        int64_t row,
        int64_t rows,
        int64_t column,
        int64_t columns) {
    for (int64_t c = column; c < columns; c++) {
        for (int64_t r = row; r < rows; r++) {
            memcpy(target + c * column_stride + r * run, source + r * row_stride + c * run, (size_t)run);
        }
    }
}

INLINE void pieces(
        const uint8_t *source,
        int64_t row_stride,
        uint8_t *target,
        int64_t column_stride,
        int64_t rows,
        int64_t columns,
        int past_caches) {
    for (int64_t c = 0; c < columns; c++) {
        for (int64_t r = 0; r < rows; r++) {
            piece_store(target + c * column_stride + r * 16, piece_load(source + r * row_stride + c * 16), past_caches);
        }
    }
}

#define SQUARES(RUN, N) \
    for (; column + N <= columns; column += N) { \
        const uint8_t *from = source + column * RUN; \
        uint8_t *to = target + column * column_stride; \
        int64_t done = past_caches ? stripe_##RUN(from, row_stride, to, column_stride, rows, 1) \
                                   : stripe_##RUN(from, row_stride, to, column_stride, rows, 0); \
        runs(from, row_stride, to, column_stride, RUN, done, rows, 0, N); \
    } \
    runs(source, row_stride, target, column_stride, RUN, 0, rows, column, columns);

/* Run r of column c goes from source + r * row_stride + c * run to target + c * column_stride + r * run. */
void NAME(yuebing_transpose)(
        const uint8_t *source,
        int64_t source_at,
        int64_t row_stride,
        uint8_t *target,
        int64_t target_at,
        int64_t column_stride,
        int32_t run,
        int64_t rows,
        int64_t columns,
        int32_t past_caches) {
    source += source_at;
    target += target_at;
    past_caches = past_caches && aligned(target, column_stride);
    int64_t column = 0;
    if (past_caches) {
        fetch(source, row_stride, rows, columns * run);
    }
    switch (run) {
        case 1:
            SQUARES(1, 16)
            break;
        case 2:
            SQUARES(2, 8)
            break;
        case 4:
            SQUARES(4, 4)
            break;
        case 16:
            if (past_caches) {
                pieces(source, row_stride, target, column_stride, rows, columns, 1);
            } else {
                pieces(source, row_stride, target, column_stride, rows, columns, 0);
            }
            break;
        default:
            runs(source, row_stride, target, column_stride, run, 0, rows, 0, columns);
    }
    moved(past_caches);
}

/* Bytes of a row from which on the processor fetches ahead by itself. */
#define FORESEEN 4096

/* Copies rows of `bytes` that are contiguous on both sides. */
void NAME(yuebing_copy_rows)(
        const uint8_t *source,
        int64_t source_at,
        int64_t source_stride,
        uint8_t *target,
        int64_t target_at,
        int64_t target_stride,
        int64_t rows,
        int64_t bytes,
        int32_t past_caches) {
    source += source_at;
    target += target_at;
    past_caches = past_caches && aligned(target, target_stride) && bytes % 16 == 0;
    int64_t together = bytes < FORESEEN ? FORESEEN / bytes : 1;
    for (int64_t row = 0; row < rows; row++) {
        const uint8_t *from = source + row * source_stride;
        uint8_t *to = target + row * target_stride;
        if (!past_caches) {
            memcpy(to, from, (size_t)bytes);
            continue;
        }
        if (bytes < FORESEEN && row % together == 0) {
            fetch(from, source_stride, rows - row < together ? rows - row : together, bytes);
        }
        for (int64_t i = 0; i < bytes; i += 16) {
            piece_store(to + i, piece_load(from + i), 1);
        }
    }
    moved(past_caches);
}
