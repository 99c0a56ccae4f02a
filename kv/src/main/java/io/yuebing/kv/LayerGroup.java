package io.yuebing.kv;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Layers of a model that share a block table, because they attend to the same positions.
 *
 * <p>All groups of a model have the same number of layers, and so all of its blocks the same size: one pool serves them
 * all. A block holds a sequence's tokens in the layers of one group; the group's n-th layer lies in layer n of the
 * {@link KvLayout}.
 *
 * <pre>
 *   layers of a model   w0 w1 f2 w3 w4 f5      w: attends to a window, f: to all positions
 *   its groups          w0 w1 | w3 w4 | f2 f5
 * </pre>
 *
 * @param window positions that a token attends to in these layers, its own included; 0 = all before it
 * @param layers layers of the model, ascending
 */
public record LayerGroup(int window, List<Integer> layers) {

    public LayerGroup {
        layers = List.copyOf(layers);
    }

    /**
     * Divides a model's layers into as few groups of equal size as there can be.
     *
     * @param windows for each layer the positions that a token attends to; 0 = all
     */
    public static List<LayerGroup> of(List<Integer> windows) {
        Map<Integer, List<Integer>> kinds = new LinkedHashMap<>();
        for (int layer = 0; layer < windows.size(); layer++) {
            kinds.computeIfAbsent(windows.get(layer), _ -> new ArrayList<>()).add(layer);
        }
        int size = kinds.values().stream()
                .map(layers -> BigInteger.valueOf(layers.size()))
                .reduce(BigInteger.ZERO, BigInteger::gcd)
                .intValue();
        List<LayerGroup> groups = new ArrayList<>();
        kinds.forEach((window, layers) -> {
            for (int from = 0; from < layers.size(); from += size) {
                groups.add(new LayerGroup(window, layers.subList(from, from + size)));
            }
        });
        return List.copyOf(groups);
    }

    /** The one group of a model whose layers all attend to all positions. */
    public static List<LayerGroup> all(int layers) {
        return of(Collections.nCopies(layers, 0));
    }

    /** For people, for example {@code window 512: 0 1 3 4}. */
    @Override
    public String toString() {
        return (window == 0 ? "all positions:" : "window " + window + ":")
                + layers.stream().map(layer -> " " + layer).collect(Collectors.joining());
    }

    /** Index in the block table of the first block that the token at {@code position} attends to. */
    public int firstBlock(int position, int blockSize) {
        return window == 0 ? 0 : Math.max(0, position - window + 1) / blockSize;
    }

    /**
     * Most blocks that a sequence holds at a time, if those behind the window are given back after each step.
     *
     * @param tokens of the sequence
     * @param stepTokens most tokens that a step computes
     */
    public int mostBlocks(int tokens, int stepTokens, int blockSize) {
        int whole = BlockTable.blocksFor(tokens, blockSize);
        if (window == 0) {
            return whole;
        }
        // consecutive positions may begin and end in the middle of a block
        long read = (long) window - 1 + stepTokens;
        return (int) Math.min(whole, Math.ceilDiv(read, (long) blockSize) + 1);
    }

    /**
     * The same of a sequence that takes at the start what it will ever need, and so may have a window of blocks from the
     * prefix cache beside its own.
     */
    public int mostBlocksSetAside(int tokens, int stepTokens, int blockSize) {
        int most = mostBlocks(tokens, stepTokens, blockSize);
        return (int) Math.min(BlockTable.blocksFor(tokens, blockSize), 2L * most);
    }
}
