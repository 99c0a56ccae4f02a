package io.yuebing.kv;

import java.util.Arrays;

/**
 * The blocks of one sequence in one group of layers, in order: position p lies in block {@code get(p / blockSize)} at slot
 * {@code p % blockSize}.
 *
 * <p>The first of them may have been given back, because nobody reads these positions again, or never taken; they keep
 * their places.
 */
public final class BlockTable {
    private int[] blocks = new int[8];
    private int size;
    private int givenBack;

    /** Blocks that hold {@code tokens} tokens, the last one perhaps partly. */
    public static int blocksFor(int tokens, int blockSize) {
        return Math.ceilDiv(tokens, blockSize);
    }

    /** Leaves places in an empty table for blocks whose positions nobody will read: as if they had been given back. */
    public void skip(int count) {
        if (size > 0) {
            throw new IllegalStateException("a table of " + size + " blocks has its first ones already");
        }
        for (int i = 0; i < count; i++) {
            append(0);
        }
        givenBack = count;
    }

    /** Number of blocks, those given back included. */
    public int size() {
        return size;
    }

    /** How many of the first blocks were given back. */
    public int givenBack() {
        return givenBack;
    }

    /** Number of blocks that the sequence still holds. */
    public int held() {
        return size - givenBack;
    }

    /** The first block still held, which the caller gives back now. */
    public int giveBackFirst() {
        int block = get(givenBack);
        givenBack++;
        return block;
    }

    public int get(int index) {
        if (index >= size) {
            throw new IndexOutOfBoundsException("block " + index + " of a table of " + size);
        }
        return blocks[index];
    }

    public void append(int block) {
        if (size == blocks.length) {
            blocks = Arrays.copyOf(blocks, size * 2);
        }
        blocks[size++] = block;
    }

    public void clear() {
        size = 0;
        givenBack = 0;
    }

    /** The table's own array, for readers that must not wait for a copy; entries from {@link #size()} on mean nothing. */
    public int[] array() {
        return blocks;
    }

    /** A copy with exactly {@link #size()} entries. */
    public int[] toArray() {
        return Arrays.copyOf(blocks, size);
    }
}
