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
 * the pool, long contexts are split: then a task is one span of positions, and a second round merges the spans. Who
 * computes what leaves no trace in the bits; {@link AttentionGroup} says why.
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

    private final int heads;
    private final int kvHeads;
    private final int headSize;
    private final int perRow;
    private final int stateSize;

    // The groups of rows of this step.
    private int groups;
    private int[] firstRows = new int[16];
    private int[] rowCounts = new int[16];
    private int[] positions = new int[16];
    private int[][] blockTables = new int[16][];

    /** For each group the first of its tasks among those of one KV head, when contexts are split. */
    private int[] spanTasks = new int[17];

    /** For each group where its states begin, for one KV head. */
    private int[] stateStarts = new int[17];

    private float[] states = {};

    // The layer being computed.
    private @Nullable CacheView cache;
    private float[] q = {};
    private float[] out = {};
    private float scale;
    private int window;
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
        if (heads % kvHeads != 0) {
            throw new IllegalArgumentException(heads + " query heads cannot share " + kvHeads + " KV heads evenly");
        }
        this.heads = heads;
        this.kvHeads = kvHeads;
        this.headSize = headSize;
        perRow = heads / kvHeads;
        stateSize = AttentionGroup.stateSize(headSize);
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
     * @param q {@code [rows][heads x headSize]}
     * @param out receives the same shape
     * @throws IllegalArgumentException if a row's position is not in its block table
     */
    public void attend(CacheView cache, int window, float scale, float[] q, float[] out, WorkerPool pool) {
        check(cache);
        this.cache = cache;
        this.window = window;
        this.scale = scale;
        this.q = q;
        this.out = out;
        try {
            if (groups * kvHeads < TASKS_PER_THREAD * pool.threads() && pool.threads() > 1 && countSpans()) {
                pool.run(spanTasks[groups] * kvHeads, span);
                pool.run(groups * kvHeads, combine);
            } else {
                pool.run(groups * kvHeads, whole);
            }
        } finally {
            this.cache = null;
        }
    }

    private void check(CacheView cache) {
        if (cache.kvHeads() != kvHeads || cache.headSize() != headSize) {
            throw new IllegalArgumentException("The cache has " + cache.kvHeads() + " heads of " + cache.headSize()
                    + " channels, the queries belong to " + kvHeads + " of " + headSize);
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
            stateStarts[i + 1] = stateStarts[i] + Math.multiplyExact(spans, rowCounts[i] * perRow * stateSize);
        }
        if (several && states.length < stateStarts[groups] * kvHeads) {
            states = new float[Math.multiplyExact(stateStarts[groups], kvHeads)];
        }
        return several;
    }

    private int firstSpan(int group) {
        return AttentionGroup.firstAttended(positions[group], window) / SPAN;
    }

    private int spans(int group) {
        return (positions[group] + rowCounts[group] - 1) / SPAN - firstSpan(group) + 1;
    }

    private AttentionGroup begin(int group, int kvHead) {
        AttentionGroup rows = AttentionGroup.ofThread();
        rows.begin(headSize, perRow, rowCounts[group], positions[group], window);
        rows.queries((firstRows[group] * heads + kvHead * perRow) * headSize, heads * headSize);
        return rows;
    }

    /** Late rows, which have the longest contexts, first. */
    private void whole(int task) {
        int group = groups - 1 - task / kvHeads;
        int kvHead = task % kvHeads;
        begin(group, kvHead).attend(cache(), blockTables[group], kvHead, q, scale, out);
    }

    private void span(int task) {
        int perHead = spanTasks[groups];
        int kvHead = task / perHead;
        int inHead = task % perHead;
        int group = 0;
        while (inHead >= spanTasks[group + 1]) {
            group++;
        }
        int index = inHead - spanTasks[group];
        int start = (firstSpan(group) + index) * SPAN;
        int size = rowCounts[group] * perRow * stateSize;
        int at = kvHead * stateStarts[groups] + stateStarts[group] + index * size;
        begin(group, kvHead).computeSpan(cache(), blockTables[group], kvHead, start, q, scale, states, at);
    }

    private void combine(int task) {
        int group = task / kvHeads;
        int kvHead = task % kvHeads;
        int at = kvHead * stateStarts[groups] + stateStarts[group];
        begin(group, kvHead).combine(states, at, spans(group), out);
    }

    private CacheView cache() {
        return Objects.requireNonNull(cache);
    }
}
