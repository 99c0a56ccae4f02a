package io.yuebing.engine;

import java.util.Arrays;

/** Which token ids a sequence contains, with how often each was generated: what penalties ask for. */
final class TokenCounts {
    private int[] ids = new int[64];
    private int[] generated = new int[64];
    private int size;
    /** Open addressing: index into {@link #ids} plus one, 0 = empty; a power of two, at most half full. */
    private int[] slots = new int[128];

    /** Notes an id of the prompt. */
    void prompt(int id) {
        index(id);
    }

    /** Notes a generated id. */
    void generated(int id) {
        int index = index(id); // may replace the array
        generated[index]++;
    }

    /** Number of distinct ids. */
    int size() {
        return size;
    }

    /** The distinct id number {@code i}. */
    int id(int i) {
        return ids[i];
    }

    /** How often the distinct id number {@code i} was generated; 0 if it is in the prompt only. */
    int timesGenerated(int i) {
        return generated[i];
    }

    private int index(int id) {
        int slot = slot(id);
        if (slots[slot] != 0) {
            return slots[slot] - 1;
        }
        if (size == ids.length) {
            grow();
            slot = slot(id);
        }
        ids[size] = id;
        slots[slot] = ++size;
        return size - 1;
    }

    /** The slot that has {@code id}, or the empty one where it belongs. */
    private int slot(int id) {
        int mask = slots.length - 1;
        int slot = (id * 0x9e3779b9 >>> 7) & mask;
        while (slots[slot] != 0 && ids[slots[slot] - 1] != id) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    private void grow() {
        ids = Arrays.copyOf(ids, size * 2);
        generated = Arrays.copyOf(generated, size * 2);
        slots = new int[size * 4];
        for (int i = 0; i < size; i++) {
            slots[slot(ids[i])] = i + 1;
        }
    }
}
