package io.yuebing.kv;

import java.util.stream.IntStream;

/** The block tables of one sequence, one for each {@link LayerGroup} of the model. */
public final class BlockTables {
    private final BlockTable[] tables;
    private final int[][] arrays;

    public BlockTables(int groups) {
        tables = IntStream.range(0, groups).mapToObj(_ -> new BlockTable()).toArray(BlockTable[]::new);
        arrays = new int[groups][];
    }

    /** Number of tables. */
    public int groups() {
        return tables.length;
    }

    /** The table of a group. */
    public BlockTable of(int group) {
        return tables[group];
    }

    /** Blocks that the sequence holds in all groups. */
    public int held() {
        int held = 0;
        for (BlockTable table : tables) {
            held += table.held();
        }
        return held;
    }

    /** Blocks of all groups, those given back included. */
    public int size() {
        int size = 0;
        for (BlockTable table : tables) {
            size += table.size();
        }
        return size;
    }

    /** {@link BlockTable#array()} of each group; the same array in every call, filled anew. */
    public int[][] arrays() {
        for (int group = 0; group < tables.length; group++) {
            arrays[group] = tables[group].array();
        }
        return arrays;
    }

    /** A copy of the tables. */
    public int[][] toArrays() {
        int[][] copy = new int[tables.length][];
        for (int group = 0; group < tables.length; group++) {
            copy[group] = tables[group].toArray();
        }
        return copy;
    }
}
