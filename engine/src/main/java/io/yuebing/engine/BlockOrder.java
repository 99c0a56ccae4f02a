package io.yuebing.engine;

import io.yuebing.kv.BlockTable;
import io.yuebing.kv.BlockTables;
import io.yuebing.kv.LayerGroup;
import java.util.List;

/**
 * The order in which two engines list the blocks of a prompt that goes from one to the other: by position, and at the same
 * positions by group of layers. Of a group with a window, only those blocks that the continuation reads are there.
 *
 * <pre>
 *   positions in blocks   0    1    2    3
 *   group 0, all          a0   a1   a2   a3
 *   group 1, window       -    -    b2   b3
 *   list                  a0   a1   a2   b2   a3   b3
 * </pre>
 *
 * @param groups of the model
 * @param next position of the first token that the receiver computes
 * @param blocks of each group that the prompt reaches into
 */
record BlockOrder(List<LayerGroup> groups, int next, int blocks, int blockSize) {
    static final int NOT_TAKEN = -1;

    /** The order of a prompt of {@code tokens} tokens of which the receiver computes those from {@code next} on. */
    static BlockOrder of(List<LayerGroup> groups, int tokens, int next, int blockSize) {
        return new BlockOrder(groups, next, BlockTable.blocksFor(tokens, blockSize), blockSize);
    }

    /** Index in a group's block table of its first block that is listed. */
    int first(int group) {
        return groups.get(group).firstBlock(next, blockSize);
    }

    /** Number of blocks listed. */
    int size() {
        return listedBefore(blocks);
    }

    /** How many blocks of positions before block {@code end} are listed. */
    int listedBefore(int end) {
        int count = 0;
        for (int group = 0; group < groups.size(); group++) {
            count += Math.max(0, end - first(group));
        }
        return count;
    }

    /** Place in the list of a block that is listed. */
    int place(int group, int block) {
        int place = listedBefore(block);
        for (int before = 0; before < group; before++) {
            place += first(before) <= block ? 1 : 0;
        }
        return place;
    }

    /** The list of a sequence's blocks; {@link #NOT_TAKEN} in place of those that it has not taken yet. */
    int[] list(BlockTables tables) {
        int[] list = new int[size()];
        int place = 0;
        for (int block = 0; block < blocks; block++) {
            for (int group = 0; group < groups.size(); group++) {
                if (block >= first(group)) {
                    BlockTable table = tables.of(group);
                    list[place++] = block < table.size() ? table.get(block) : NOT_TAKEN;
                }
            }
        }
        return list;
    }

    /** Puts the blocks of a list into empty tables. */
    void fill(BlockTables tables, int[] list) {
        for (int group = 0; group < groups.size(); group++) {
            tables.of(group).skip(first(group));
        }
        int place = 0;
        for (int block = 0; block < blocks; block++) {
            for (int group = 0; group < groups.size(); group++) {
                if (block >= first(group)) {
                    tables.of(group).append(list[place++]);
                }
            }
        }
    }
}
