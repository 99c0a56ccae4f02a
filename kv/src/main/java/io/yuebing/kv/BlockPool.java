package io.yuebing.kv;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Decides who holds which block of a KV cache, remembering the content of released blocks until they are needed again.
 *
 * <p>A block is in one of three states:
 *
 * <pre>{@code
 *            allocate                       release, registered
 *   free  ------------->  used (refs >= 1)  ------------------->  cached (refs 0, found by its hash)
 *         <-------------                    <-------------------
 *    release, unregistered                        retain
 *
 *   cached -> free happens only inside allocate: the longest unused block is handed out again and forgotten.
 * }</pre>
 *
 * Free and cached blocks wait in one doubly linked list that is threaded through arrays, so taking a cached block out of
 * its middle costs as little as taking the head. Free blocks enter at the head and cached ones at the tail: the list is
 * the order of reuse.
 *
 * <p>Used by one thread.
 */
public final class BlockPool {
    /** What {@link #find} answers when no block has the content. */
    public static final int NOT_FOUND = -1;

    private final int blocks;
    private final int blockSize;

    private final int[] references;
    private final @Nullable PrefixHash[] hashes;
    /** The tokens of registered blocks: a hash alone is never trusted. */
    private final int[] tokens;

    private final Map<PrefixHash, Integer> byHash = new HashMap<>();

    /** The list of unused blocks; index {@link #blocks} is its two ends. */
    private final int[] next;

    private final int[] previous;

    private int free;
    private int cached;
    private int allReferences;

    public BlockPool(int blocks, int blockSize) {
        if (blocks < 1 || blockSize < 1) {
            throw new IllegalArgumentException("a pool of " + blocks + " blocks of " + blockSize + " tokens");
        }
        this.blocks = blocks;
        this.blockSize = blockSize;
        references = new int[blocks];
        hashes = new PrefixHash[blocks];
        tokens = new int[Math.multiplyExact(blocks, blockSize)];
        next = new int[blocks + 1];
        previous = new int[blocks + 1];
        for (int i = 0; i <= blocks; i++) {
            next[i] = i == blocks ? 0 : i + 1;
            previous[i] = i == 0 ? blocks : i - 1;
        }
        free = blocks;
    }

    /** Unused blocks without content. */
    public int free() {
        return free;
    }

    /** Unused blocks whose content can still be found. */
    public int cached() {
        return cached;
    }

    /** Blocks with at least one holder. */
    public int used() {
        return blocks - available();
    }

    /** How often {@link #allocate} can succeed. */
    public int available() {
        return free + cached;
    }

    public int references(int block) {
        return references[block];
    }

    /**
     * Hands out an unused block to one holder, an empty one if there is one, otherwise the one unused the longest.
     *
     * @throws IllegalStateException if none is {@link #available()}
     */
    public int allocate() {
        int block = next[blocks];
        if (block == blocks) {
            throw new IllegalStateException("all " + blocks + " KV blocks are in use");
        }
        PrefixHash hash = hashes[block];
        if (hash == null) {
            free--;
        } else {
            byHash.remove(hash);
            hashes[block] = null;
            cached--;
        }
        unlink(block);
        references[block] = 1;
        allReferences++;
        return block;
    }

    /** Adds a holder to a used or cached block. */
    public void retain(int block) {
        if (references[block] == 0) {
            if (hashes[block] == null) {
                throw new IllegalStateException(
                        "KV block " + block + " is free; only used or cached ones have content");
            }
            unlink(block);
            cached--;
        }
        references[block]++;
        allReferences++;
    }

    /**
     * Takes a holder's claim on a block back.
     *
     * @throws IllegalStateException if the block has no holder
     */
    public void release(int block) {
        if (references[block] == 0) {
            throw new IllegalStateException("KV block " + block + " is released more often than it was taken");
        }
        allReferences--;
        if (--references[block] > 0) {
            return;
        }
        if (hashes[block] == null) {
            linkAfter(blocks, block);
            free++;
        } else {
            linkAfter(previous[blocks], block);
            cached++;
        }
    }

    /** Releases the blocks that a sequence holds from the last to the first, so that the beginning stays cached the longest. */
    public void releaseAll(BlockTables tables) {
        for (int group = 0; group < tables.groups(); group++) {
            BlockTable table = tables.of(group);
            for (int i = table.size() - 1; i >= table.givenBack(); i--) {
                release(table.get(i));
            }
            table.clear();
        }
    }

    /**
     * Makes the content of a full block findable. If another block already has this content, that one stays the findable
     * one.
     *
     * @param block a used block whose keys and values are final
     * @param hash the hash of its content
     * @param source holds the block's tokens from {@code from} on
     */
    public void register(int block, PrefixHash hash, int[] source, int from) {
        if (references[block] == 0) {
            throw new IllegalStateException("KV block " + block + " has no holder that could have filled it");
        }
        if (hashes[block] == null && byHash.putIfAbsent(hash, block) == null) {
            hashes[block] = hash;
            System.arraycopy(source, from, tokens, block * blockSize, blockSize);
        }
    }

    /** The used or cached block with this hash and these tokens, or {@link #NOT_FOUND}. Takes no claim on it. */
    public int find(PrefixHash hash, int[] source, int from) {
        Integer block = byHash.get(hash);
        if (block == null) {
            return NOT_FOUND;
        }
        int own = block * blockSize;
        boolean same = Arrays.equals(tokens, own, own + blockSize, source, from, from + blockSize);
        return same ? block : NOT_FOUND;
    }

    /**
     * Recounts everything from the ground: free + cached + used = total, and no claim is lost or invented.
     *
     * @param expectedReferences claims of all known holders together; 0 when nothing should be held
     * @return what is wrong, with numbers; empty if all is well
     */
    public Optional<String> check(int expectedReferences) {
        int recountedUsed = 0;
        int recountedReferences = 0;
        int recountedCached = 0;
        for (int block = 0; block < blocks; block++) {
            recountedReferences += references[block];
            recountedUsed += references[block] > 0 ? 1 : 0;
            recountedCached += references[block] == 0 && hashes[block] != null ? 1 : 0;
        }
        int listed = 0;
        for (int block = next[blocks]; block != blocks && listed <= blocks; block = next[block]) {
            listed++;
        }
        if (recountedReferences != expectedReferences || allReferences != expectedReferences) {
            return Optional.of("KV blocks are claimed " + recountedReferences + " times (" + allReferences
                    + " by the running count), their holders know of " + expectedReferences + " claims");
        }
        if (listed != free + cached || listed + recountedUsed != blocks || recountedCached != cached) {
            return Optional.of("KV block counts do not add up: " + free + " free + " + cached + " cached + "
                    + recountedUsed + " used of " + blocks + "; the list of unused blocks has " + listed + ", "
                    + recountedCached + " of them with content");
        }
        return Optional.empty();
    }

    private void unlink(int block) {
        next[previous[block]] = next[block];
        previous[next[block]] = previous[block];
    }

    private void linkAfter(int position, int block) {
        int after = next[position];
        next[position] = block;
        previous[block] = position;
        next[block] = after;
        previous[after] = block;
    }
}
