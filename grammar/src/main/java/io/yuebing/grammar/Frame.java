package io.yuebing.grammar;

import org.jspecify.annotations.Nullable;

/** Where an automaton goes on when the rule that it is in ends; frames below are those of the callers. */
final class Frame {
    /** Deeper calls are not made, which bounds how deep an answer nests. */
    static final int MAX_DEPTH = 500;

    private final int node;
    private final @Nullable Frame parent;
    private final int depth;
    private final int hash;

    private Frame(int node, @Nullable Frame parent) {
        this.node = node;
        this.parent = parent;
        depth = parent == null ? 1 : parent.depth + 1;
        hash = 31 * (parent == null ? 7 : parent.hash) + node;
    }

    /** The frames within a rule called from {@code caller}, to return to {@code node}. */
    static @Nullable Frame call(Automaton automaton, int node, @Nullable Frame caller) {
        return automaton.plainEnd(node) && caller != null ? caller : new Frame(node, caller);
    }

    static boolean mayCall(@Nullable Frame caller) {
        return caller == null || caller.depth < MAX_DEPTH;
    }

    int node() {
        return node;
    }

    @Nullable
    Frame parent() {
        return parent;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        Frame a = this;
        if (!(other instanceof Frame frame)) {
            return false;
        }
        Frame b = frame;
        while (a != b) {
            if (a == null || b == null || a.hash != b.hash || a.node != b.node || a.depth != b.depth) {
                return false;
            }
            a = a.parent;
            b = b.parent;
        }
        return true;
    }

    @Override
    public int hashCode() {
        return hash;
    }
}
