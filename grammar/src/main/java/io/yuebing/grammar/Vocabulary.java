package io.yuebing.grammar;

import io.yuebing.grammar.TextStep.Characters;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntFunction;

/**
 * The texts of a model's tokens as a trie over bytes.
 *
 * <p>Nodes are numbered in preorder, so the nodes below one follow it:
 *
 * <pre>
 *   node   0 (root) 1 "a"  2 "ab"  3 "b"
 *   end    4        3      3       4
 * </pre>
 */
public final class Vocabulary {
    private static final int MAX_SETS = 4;

    private final int size;
    private final byte[] labels;
    private final int[] ends;
    /** Token at a node; -1 = none. */
    private final int[] tokens;
    /** Next token of the same text; -1 = none. */
    private final int[] twins;

    private final byte[][] texts;
    private final Map<Characters, TextTokens> texted = new LinkedHashMap<>(8, 0.75f, true);

    /**
     * @param size tokens
     * @param text a token's bytes; empty for those that never stand for text, such as special tokens
     */
    public Vocabulary(int size, IntFunction<byte[]> text) {
        this.size = size;
        texts = new byte[size][];
        int bytes = 1;
        int used = 0;
        int[] order = new int[size];
        for (int id = 0; id < size; id++) {
            texts[id] = text.apply(id);
            bytes += texts[id].length;
            if (texts[id].length > 0) {
                order[used++] = id;
            }
        }
        int[] sorted = Arrays.stream(order, 0, used)
                .boxed()
                .sorted((a, b) -> {
                    int byText = Arrays.compareUnsigned(texts[a], texts[b]);
                    return byText != 0 ? byText : Integer.compare(a, b);
                })
                .mapToInt(id -> id)
                .toArray();
        byte[] label = new byte[bytes];
        int[] end = new int[bytes];
        int[] token = new int[bytes];
        Arrays.fill(token, -1);
        twins = new int[size];
        Arrays.fill(twins, -1);
        labels = label;
        int nodes = 1;
        int longest = Arrays.stream(texts).mapToInt(t -> t.length).max().orElse(0);
        int[] path = new int[longest + 1];
        int depth = 0;
        byte[] before = {};
        for (int id : sorted) {
            byte[] now = texts[id];
            int mismatch = Arrays.mismatch(before, now);
            if (mismatch < 0) {
                twins[id] = token[path[depth]];
                token[path[depth]] = id;
                continue;
            }
            for (; depth > mismatch; depth--) {
                end[path[depth]] = nodes;
            }
            for (; depth < now.length; depth++) {
                label[nodes] = now[depth];
                path[depth + 1] = nodes++;
            }
            token[path[depth]] = id;
            before = now;
        }
        for (; depth >= 0; depth--) {
            end[path[depth]] = nodes;
        }
        ends = Arrays.copyOf(end, nodes);
        tokens = Arrays.copyOf(token, nodes);
    }

    /** Tokens, those without text as well. */
    public int size() {
        return size;
    }

    byte[] text(int token) {
        return token < size ? texts[token] : new byte[0];
    }

    /** One more than the last node below this one. */
    int end(int node) {
        return ends[node];
    }

    /** The byte, 0 to 255, that leads to a node. */
    int label(int node) {
        return labels[node] & 0xFF;
    }

    /** Marks the tokens whose text ends at a node. */
    void mark(int node, long[] mask) {
        for (int token = tokens[node]; token >= 0; token = twins[token]) {
            mask[token >> 6] |= 1L << token;
        }
    }

    /** Tokens that stay within texts of a set of characters; found once for each of the sets that were asked for last. */
    TextTokens within(Characters set) {
        synchronized (texted) {
            TextTokens known = texted.computeIfAbsent(set, missing -> new TextTokens(this, missing));
            if (texted.size() > MAX_SETS) {
                texted.remove(texted.keySet().iterator().next());
            }
            return known;
        }
    }
}
