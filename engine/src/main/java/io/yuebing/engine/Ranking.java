package io.yuebing.engine;

import io.yuebing.kernels.Selection;
import java.util.Arrays;

/**
 * Orders ids by logit, the largest first, equal logits by the lower id.
 *
 * <p>A logit and its id are packed into one {@code long} key such that ascending keys are this order; so primitives are
 * sorted, and nothing is boxed:
 *
 * <pre>
 *   63                    32 31                     0
 *  | float bits, descending |          id            |
 * </pre>
 */
final class Ranking {
    private Ranking() {}

    static long key(float logit, int id) {
        int bits = Float.floatToRawIntBits(logit + 0.0f); // -0 becomes +0: they are equal
        int ascending = bits ^ ((bits >> 31) & 0x7fffffff);
        return ((long) ~ascending << 32) | id;
    }

    static int id(long key) {
        return (int) key;
    }

    /**
     * Finds the first {@code count} of {@code n} ids in this order, without sorting the others.
     *
     * @param keys receives their keys, sorted; at least {@code count} long
     */
    static void top(float[] logits, int offset, int n, int count, long[] keys) {
        if (count == 0) {
            return;
        }
        for (int id = 0; id < count; id++) {
            keys[id] = key(logits[offset + id], id);
        }
        // keys[0 .. count) is a heap with the last of the chosen on top.
        for (int i = count / 2 - 1; i >= 0; i--) {
            siftDown(keys, i, count);
        }
        int end = offset + n;
        float least = logits[offset + id(keys[0])];
        int at = Selection.firstAtLeast(logits, offset + count, end, Math.nextUp(least));
        while (at < end) {
            keys[0] = key(logits[at], at - offset);
            siftDown(keys, 0, count);
            least = logits[offset + id(keys[0])];
            at = Selection.firstAtLeast(logits, at + 1, end, Math.nextUp(least));
        }
        Arrays.sort(keys, 0, count);
    }

    private static void siftDown(long[] heap, int from, int count) {
        long key = heap[from];
        int i = from;
        for (int child = 2 * i + 1; child < count; child = 2 * i + 1) {
            if (child + 1 < count && heap[child + 1] > heap[child]) {
                child++;
            }
            if (heap[child] <= key) {
                break;
            }
            heap[i] = heap[child];
            i = child;
        }
        heap[i] = key;
    }
}
