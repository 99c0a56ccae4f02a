package io.yuebing.kernels;

import io.yuebing.kernels.Attention.CacheView;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Causal attention of all rows of a step over the paged cache of a layer, shared out to the threads of a pool.
 *
 * <p>A task is a few consecutive rows of one sequence with the query heads of one KV head. If that makes too few tasks for
 * the pool, many heads that share a KV head are divided, and long contexts are split: then a task is one span of positions,
 * and a second round merges the spans. Who computes what leaves no trace in the bits; {@link AttentionGroup} says why.
 *
 * <p>Latent attention (DeepSeek-AI, 2024) is attention with one KV head whose key is the cached row and whose value is the
 * row's beginning.
 *
 * <pre>
 *   clear()                              once for each step
 *   add(rows of a sequence) ...
 *   attend(cache of a layer) ...         for each layer
 * </pre>
 *
 * <p>Used by one thread; allocates only when a step is larger than all before.
 */
public final class BatchAttention {
    private static final int SPAN = AttentionGroup.SPAN;

    /** Queries for which the keys and values of a tile are widened once; those of a row stay together. */
    private static final int QUERIES = 128;

    /** Tasks for each thread below which contexts are split. */
    private static final int TASKS_PER_THREAD = 2;

    /** Heads that are at least worth reading their keys and values again for. */
    private static final int LEAST_HEADS = 8;

    private final int heads;
    private final int kvHeads;
    private final int keySize;
    private final int valueSize;
    private final int perRow;
    private final int stateSize;

    // The groups of rows of this step.
    private int groups;
    private int[] firstRows = new int[16];
    private int[] rowCounts = new int[16];
    private int[] positions = new int[16];
    private int[][] blockTables = new int[16][];

    /** For each group the first of its tasks among those of one share, when contexts are split. */
    private int[] spanTasks = new int[17];

    /** For each group where its states begin, for one share. */
    private int[] stateStarts = new int[17];

    private float[] states = {};

    // The layer being computed.
    private @Nullable CacheView cache;
    private float[] q = {};
    private float[] out = {};
    private float scale;
    private int window;
    private float cap;

    /** Parts that the query heads of one KV head are divided into. */
    private int parts = 1;

    private final IntConsumer whole = this::whole;
    private final IntConsumer span = this::span;
    private final IntConsumer combine = this::combine;

    /**
     * Attention of one shape.
     *
     * @param heads query heads; {@code heads / kvHeads} neighbours share a KV head
     * @param kvHeads KV heads
     * @param headSize channels of a head
     */
    public BatchAttention(int heads, int kvHeads, int headSize) {
        this(heads, kvHeads, headSize, headSize);
    }

    /**
     * The same with keys and values of different sizes.
     *
     * @param keySize channels of a row of the cache, and of a query
     * @param valueSize channels of a value, and of a result
     */
    public BatchAttention(int heads, int kvHeads, int keySize, int valueSize) {
        if (heads % kvHeads != 0) {
            throw new IllegalArgumentException(heads + " query heads cannot share " + kvHeads + " KV heads evenly");
        }
        this.heads = heads;
        this.kvHeads = kvHeads;
        this.keySize = keySize;
        this.valueSize = valueSize;
        perRow = heads / kvHeads;
        stateSize = AttentionGroup.stateSize(valueSize);
    }

    /** Forgets the rows of the last step. */
    public void clear() {
        Arrays.fill(blockTables, 0, groups, null);
        groups = 0;
    }

    /**
     * Adds rows of one sequence.
     *
     * @param firstRow index of the first row in queries and results
     * @param rows rows at consecutive positions
     * @param firstPosition position of the first row
     * @param blockTable ids of the sequence's blocks; position p is in block {@code p / blockSize}
     */
    public void add(int firstRow, int rows, int firstPosition, int[] blockTable) {
        int most = Math.max(1, QUERIES / perRow);
        for (int row = 0; row < rows; row += most) {
            if (groups == firstRows.length) {
                grow();
            }
            firstRows[groups] = firstRow + row;
            rowCounts[groups] = Math.min(most, rows - row);
            positions[groups] = firstPosition + row;
            blockTables[groups++] = blockTable;
        }
    }

    private void grow() {
        int size = 2 * groups;
        firstRows = Arrays.copyOf(firstRows, size);
        rowCounts = Arrays.copyOf(rowCounts, size);
        positions = Arrays.copyOf(positions, size);
        blockTables = Arrays.copyOf(blockTables, size);
        spanTasks = new int[size + 1];
        stateStarts = new int[size + 1];
    }

    /**
     * Computes {@code softmax(scale q K') V} for each row over the positions up to its own.
     *
     * @param window positions that a row attends to, its own included; 0 = all
     * @param cap largest magnitude of a score, softly: {@code cap * tanh(score / cap)}; 0 = any
     * @param q {@code [rows][heads x keySize]}
     * @param out receives {@code [rows][heads x valueSize]}
     * @throws IllegalArgumentException if a row's position is not in its block table
     */
    public void attend(CacheView cache, int window, float scale, float cap, float[] q, float[] out, WorkerPool pool) {
        check(cache);
        this.cache = cache;
        this.window = window;
        this.scale = scale;
        this.cap = cap;
        this.q = q;
        this.out = out;
        int enough = pool.threads() == 1 ? 0 : TASKS_PER_THREAD * pool.threads();
        divideHeads(enough);
        try {
            if (groups * shares() < enough && countSpans()) {
                pool.run(spanTasks[groups] * shares(), span);
                pool.run(groups * shares(), combine);
            } else {
                pool.run(groups * shares(), whole);
            }
        } finally {
            this.cache = null;
        }
    }

    /** Divides the heads of a row among as many tasks as are wanted, as long as each has some. */
    private void divideHeads(int tasks) {
        parts = 1;
        for (int more = 2; groups * shares() < tasks && more <= perRow / LEAST_HEADS; more++) {
            if (perRow % more == 0) {
                parts = more;
            }
        }
    }

    /** Sets of heads that are computed together. */
    private int shares() {
        return kvHeads * parts;
    }

    private void check(CacheView cache) {
        if (cache.kvHeads() != kvHeads || cache.headSize() != keySize) {
            throw new IllegalArgumentException("The cache has " + cache.kvHeads() + " heads of " + cache.headSize()
                    + " channels, the queries belong to " + kvHeads + " of " + keySize);
        }
        for (int i = 0; i < groups; i++) {
            int last = positions[i] + rowCounts[i] - 1;
            if (positions[i] < 0 || last / cache.blockSize() >= blockTables[i].length) {
                throw new IllegalArgumentException("Positions " + positions[i] + " to " + last + " are not in "
                        + blockTables[i].length + " blocks of " + cache.blockSize());
            }
        }
    }

    /** Lays out one task for each span of each group; false if no group has two. */
    private boolean countSpans() {
        boolean several = false;
        for (int i = 0; i < groups; i++) {
            int spans = spans(i);
            several |= spans > 1;
            spanTasks[i + 1] = spanTasks[i] + spans;
            stateStarts[i + 1] = stateStarts[i] + Math.multiplyExact(spans, groupStates(i));
        }
        if (several && states.length < stateStarts[groups] * shares()) {
            states = new float[Math.multiplyExact(stateStarts[groups], shares())];
        }
        return several;
    }

    private int firstSpan(int group) {
        return AttentionGroup.firstAttended(positions[group], window) / SPAN;
    }

    private int spans(int group) {
        return (positions[group] + rowCounts[group] - 1) / SPAN - firstSpan(group) + 1;
    }

    /** Floats of the states that one task of a group computes. */
    private int groupStates(int group) {
        return rowCounts[group] * (perRow / parts) * stateSize;
    }

    private AttentionGroup begin(int group, int share) {
        AttentionGroup rows = AttentionGroup.ofThread();
        int together = perRow / parts;
        rows.begin(keySize, valueSize, together, rowCounts[group], positions[group], window, cap);
        rows.queries(firstRows[group] * heads + share * together, heads);
        return rows;
    }

    /** Late rows, which have the longest contexts, first. */
    private void whole(int task) {
        int group = groups - 1 - task / shares();
        int share = task % shares();
        begin(group, share).attend(cache(), blockTables[group], share / parts, q, scale, out);
    }

    private void span(int task) {
        int perShare = spanTasks[groups];
        int share = task / perShare;
        int inShare = task % perShare;
        int group = 0;
        while (inShare >= spanTasks[group + 1]) {
            group++;
        }
        int index = inShare - spanTasks[group];
        int start = (firstSpan(group) + index) * SPAN;
        int at = share * stateStarts[groups] + stateStarts[group] + index * groupStates(group);
        begin(group, share).computeSpan(cache(), blockTables[group], share / parts, start, q, scale, states, at);
    }

    private void combine(int task) {
        int group = task / shares();
        int share = task % shares();
        int at = share * stateStarts[groups] + stateStarts[group];
        begin(group, share).combine(states, at, spans(group), out);
    }

    private CacheView cache() {
        return Objects.requireNonNull(cache);
    }
}
