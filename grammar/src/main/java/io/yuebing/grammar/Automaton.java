package io.yuebing.grammar;

/**
 * A pushdown automaton over bytes: one deterministic automaton for each rule, whose nodes may call other rules.
 *
 * <p>Every node can reach the end of its rule, and no call loops without consuming a byte. Immutable.
 */
final class Automaton {
    private final int[] classOf;
    private final int classes;
    private final int[] next;
    private final boolean[] accepting;
    private final boolean[] plainEnd;
    /** For each node pairs of the called rule's start node and the node after the call. */
    private final int[][] calls;

    private final int start;
    private final boolean acceptsEmpty;
    private final long work;

    /**
     * @param classOf byte to its equivalence class
     * @param next node by class: where a byte of the class leads; -1 = nowhere
     * @param accepting whether a rule may end at a node
     * @param calls for each node pairs of the called rule's start node and the node after the call
     * @param start where the root rule begins
     * @param empty whether the empty text is one of the language
     * @param work steps that its construction took
     */
    Automaton(
            int[] classOf,
            int classes,
            int[] next,
            boolean[] accepting,
            int[][] calls,
            int start,
            boolean empty,
            long work) {
        this.work = work;
        this.classOf = classOf;
        this.classes = classes;
        this.next = next;
        this.accepting = accepting;
        this.calls = calls;
        this.start = start;
        acceptsEmpty = empty;
        plainEnd = new boolean[accepting.length];
        for (int node = 0; node < plainEnd.length; node++) {
            plainEnd[node] = accepting[node] && calls[node].length == 0 && !consumes(node);
        }
    }

    private boolean consumes(int node) {
        for (int c = 0; c < classes; c++) {
            if (next[node * classes + c] >= 0) {
                return true;
            }
        }
        return false;
    }

    long work() {
        return work;
    }

    int nodes() {
        return accepting.length;
    }

    int start() {
        return start;
    }

    /** Whether the empty text is one of the language. */
    boolean acceptsEmpty() {
        return acceptsEmpty;
    }

    /** Where a byte, 0 to 255, leads from a node; -1 = nowhere. */
    int next(int node, int b) {
        return next[node * classes + classOf[b]];
    }

    boolean accepting(int node) {
        return accepting[node];
    }

    /** Whether a text is one of the language; for automata whose rules call none. */
    boolean acceptsPlain(byte[] text) {
        int node = start;
        for (int i = 0; i < text.length && node >= 0; i++) {
            node = next(node, Byte.toUnsignedInt(text[i]));
        }
        return text.length == 0 ? acceptsEmpty : node >= 0 && accepting[node];
    }

    /** Whether a rule always ends at this node, so that nobody needs to come back to it. */
    boolean plainEnd(int node) {
        return plainEnd[node];
    }

    int[] calls(int node) {
        return calls[node];
    }
}
