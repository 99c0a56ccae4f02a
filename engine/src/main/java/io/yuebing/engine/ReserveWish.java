package io.yuebing.engine;

import java.util.Optional;

/** Tokens that somebody else computes, for which blocks are wanted. */
final class ReserveWish {
    private final int tokens;
    private final int[] ids;
    private final HashChain hashes;

    private ReserveWish(int tokens, int[] ids, HashChain hashes) {
        this.tokens = tokens;
        this.ids = ids;
        this.hashes = hashes;
    }

    /** Tokens that are not named: none of them are looked for in the prefix cache. */
    static ReserveWish of(int tokens) {
        return new ReserveWish(tokens, new int[0], new HashChain(Optional.empty()));
    }

    static ReserveWish of(KvPrefix prefix) {
        return new ReserveWish(prefix.tokens().length, prefix.tokens(), new HashChain(prefix.cacheSalt()));
    }

    int tokens() {
        return tokens;
    }

    /** The token ids; none if they are not named. */
    int[] ids() {
        return ids;
    }

    HashChain hashes() {
        return hashes;
    }
}
