package io.yuebing.engine;

import io.yuebing.kv.PrefixHash;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The hashes of one sequence's full blocks, computed when first asked for. */
final class HashChain {
    private final Optional<String> cacheSalt;
    private final List<PrefixHash> hashes = new ArrayList<>();

    HashChain(Optional<String> cacheSalt) {
        this.cacheSalt = cacheSalt;
    }

    /** The hash of a full block of {@code tokens}, whose beginning is the same in every call. */
    PrefixHash hash(int block, int[] tokens, PrefixHash root, int blockSize) {
        while (hashes.size() <= block) {
            int index = hashes.size();
            PrefixHash parent = index == 0 ? root : hashes.get(index - 1);
            List<String> extraKeys = index == 0 ? cacheSalt.stream().toList() : List.of();
            hashes.add(parent.child(tokens, index * blockSize, blockSize, extraKeys));
        }
        return hashes.get(block);
    }
}
