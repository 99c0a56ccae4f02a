package io.yuebing.engine;

import io.yuebing.kv.BlockPool;
import io.yuebing.kv.BlockTable;
import io.yuebing.kv.BlockTables;
import io.yuebing.kv.LayerGroup;
import io.yuebing.kv.PrefixHash;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The blocks of sequences and reservations: which are taken for which tokens, found in the prefix cache, given back.
 *
 * <p>Where all positions are attended to, a sequence takes blocks for all of its tokens at once. Where a window is, it takes
 * those of the next step and gives back those behind the window, so it holds a few however long it becomes. A prompt that
 * is handed off is never preempted and must never want: it takes at once as many as it will ever hold, and for each that it
 * gives back another one. To be sure of that, nobody else may find the former in the prefix cache before.
 *
 * <p>All groups of layers take their blocks from one pool. Used by one thread.
 */
final class KvBlocks {
    private final EngineConfig config;
    private final int blockSize;
    private final List<LayerGroup> groups;
    private final BlockPool pool;
    private final PrefixHash hashRoot;

    private long queriedTokens;
    private long hitTokens;

    KvBlocks(EngineConfig config, List<LayerGroup> groups) {
        this.config = config;
        this.groups = groups;
        blockSize = config.blockSize();
        pool = new BlockPool(config.blocks(), blockSize);
        hashRoot = PrefixHash.root(config.hashSeed());
    }

    // ---- sequences

    /**
     * Takes cached blocks for the beginning and empty ones for the first step, or nothing at all if there is no room for the
     * whole sequence.
     *
     * @param budget tokens that the first step can compute
     */
    boolean admit(Sequence sequence, int budget) {
        int length = sequence.length();
        int reusable = config.prefixCaching() ? sequence.reusableTokens() : 0;
        Cached cached = cached(sequence.hashes(), sequence.tokens(), reusable, 0);
        int hit = cached.blocks() * blockSize;
        int needed = 0;
        for (LayerGroup group : groups) {
            needed += neededToRun(group, sequence, cached.blocks());
        }
        if (needed > pool.available() - cached.unused()) {
            return false;
        }
        retain(sequence.hashes(), sequence.tokens(), cached.blocks(), hit, sequence.blocks());
        int to = Math.min(length, hit + budget);
        for (int group = 0; group < groups.size(); group++) {
            LayerGroup each = groups.get(group);
            boolean later = each.window() > 0 && sequence.sink() == null;
            int blocks = later
                    ? BlockTable.blocksFor(to, blockSize)
                    : cached.blocks() + neededToRun(each, sequence, cached.blocks());
            fill(sequence.blocks().of(group), blocks);
        }
        sequence.computed(hit);
        for (int group = 0; group < groups.size(); group++) {
            sequence.registeredBlocks(group, cached.blocks());
        }
        sequence.admitted(hit);
        queriedTokens += reusable > 0 ? length : 0;
        return true;
    }

    /** Blocks beside those of a hit that a sequence holds at most at a time. */
    private int neededToRun(LayerGroup group, Sequence sequence, int cachedBlocks) {
        int rest = BlockTable.blocksFor(sequence.length(), blockSize) - cachedBlocks;
        int most = most(group, sequence);
        // where blocks can be had later, those of the hit are given back before
        int hit = cachedBlocks - group.firstBlock(cachedBlocks * blockSize, blockSize);
        return Math.min(rest, sequence.sink() == null ? most - hit : most);
    }

    private int most(LayerGroup group, Sequence sequence) {
        return group.mostBlocks(sequence.length(), config.maxBatchedTokens(), blockSize);
    }

    /** Takes the blocks for tokens up to {@code to}; false if there are not enough, and some are taken. */
    boolean grow(Sequence sequence, int to) {
        int needed = BlockTable.blocksFor(to, blockSize);
        for (int group = 0; group < groups.size(); group++) {
            BlockTable table = sequence.blocks().of(group);
            while (table.size() < needed) {
                if (pool.available() == 0) {
                    return false;
                }
                table.append(pool.allocate());
            }
        }
        return true;
    }

    /** Makes full blocks findable, and gives back those that the next token does not attend to. */
    void computed(Sequence sequence) {
        boolean setAside = sequence.sink() != null && sequence.missing() > 0;
        int full = sequence.computed() / blockSize;
        int next = Math.min(sequence.computed(), sequence.continuesAt());
        for (int group = 0; group < groups.size(); group++) {
            LayerGroup each = groups.get(group);
            BlockTable table = sequence.blocks().of(group);
            int firstRead = each.firstBlock(next, blockSize);
            register(sequence, group, setAside && each.window() > 0 ? firstRead : full);
            while (table.givenBack() < firstRead) {
                pool.release(table.giveBackFirst());
            }
            if (setAside) {
                int all = BlockTable.blocksFor(sequence.length(), blockSize);
                fill(table, Math.min(all, table.givenBack() + most(each, sequence)));
            }
        }
    }

    /** Makes the blocks of a group before {@code end} findable. */
    private void register(Sequence sequence, int group, int end) {
        BlockTable table = sequence.blocks().of(group);
        int from = Math.max(sequence.registeredBlocks(group), table.givenBack());
        for (int i = from; config.prefixCaching() && i < end; i++) {
            PrefixHash hash = sequence.hashes().hash(i, sequence.tokens(), hashRoot, blockSize);
            pool.register(table.get(i), hash.inGroup(group), sequence.tokens(), i * blockSize);
        }
        sequence.registeredBlocks(group, Math.max(from, end));
    }

    /** Gives back all blocks of a sequence. */
    void release(Sequence sequence) {
        pool.releaseAll(sequence.blocks());
    }

    // ---- reservations

    /** Whether there are blocks for a reservation now. */
    boolean canReserve(ReserveWish wish) {
        Cached cached = cached(wish);
        BlockOrder order = order(wish.tokens());
        int needed = order.size() - order.listedBefore(cached.blocks());
        return needed <= pool.available() - cached.unused();
    }

    /** Takes cached blocks for the beginning and empty ones for the rest; only if {@link #canReserve}. */
    BlockReservation reserve(ReserveWish wish, Consumer<BlockReservation> onClose) {
        Cached cached = cached(wish);
        BlockOrder order = order(wish.tokens());
        BlockTables tables = new BlockTables(groups.size());
        retain(wish.hashes(), wish.ids(), cached.blocks(), wish.tokens(), tables);
        for (int group = 0; group < groups.size(); group++) {
            fill(tables.of(group), order.blocks());
        }
        queriedTokens += wish.ids().length;
        return new BlockReservation(order.list(tables), order.listedBefore(cached.blocks()), wish.tokens(), onClose);
    }

    private Cached cached(ReserveWish wish) {
        return cached(wish.hashes(), wish.ids(), wish.ids().length, wish.tokens());
    }

    /** The blocks of a reservation become those of a sequence. */
    void adopt(Sequence sequence, BlockReservation reservation) {
        BlockOrder order = order(reservation.tokens());
        order.fill(sequence.blocks(), reservation.blockIds());
        int cachedBlocks = 0;
        while (order.listedBefore(cachedBlocks) < reservation.cachedBlocks()) {
            cachedBlocks++;
        }
        sequence.computed(reservation.tokens());
        sequence.admitted(cachedBlocks * blockSize);
        for (int group = 0; group < groups.size(); group++) {
            register(sequence, group, sequence.computed() / blockSize);
        }
    }

    /** Gives back the blocks of a reservation. */
    void release(BlockReservation reservation) {
        int[] blocks = reservation.blockIds();
        for (int i = blocks.length - 1; i >= 0; i--) {
            pool.release(blocks[i]);
        }
    }

    /** The order in which a reservation lists its blocks. */
    private BlockOrder order(int tokens) {
        return BlockOrder.of(groups, tokens, tokens, blockSize);
    }

    // ---- the prefix cache

    /**
     * Leading blocks of which everything is there that later tokens attend to.
     *
     * @param unused blocks of all groups that are needed for it and have no holder yet
     */
    private record Cached(int blocks, int unused) {}

    /** @param next position before which nothing is computed, whatever is cached */
    private Cached cached(HashChain hashes, int[] tokens, int reusable, int next) {
        int hits = config.prefixCaching() ? reusable / blockSize : 0;
        for (int group = 0; group < groups.size(); group++) {
            if (groups.get(group).window() == 0) {
                hits = leadingHits(hashes, tokens, group, hits);
            }
        }
        for (int before = -1; before != hits; ) {
            before = hits;
            for (int group = 0; group < groups.size(); group++) {
                hits = windowHits(hashes, tokens, group, hits, next);
            }
        }
        return new Cached(hits, hits == 0 ? 0 : unused(hashes, tokens, hits, next));
    }

    /** At most {@code most} blocks from the first on, all of which are there. */
    private int leadingHits(HashChain hashes, int[] tokens, int group, int most) {
        int hits = 0;
        while (hits < most && findCached(hashes, tokens, group, hits) != BlockPool.NOT_FOUND) {
            hits++;
        }
        return hits;
    }

    /** At most {@code most} blocks, of which those are there that the token after them attends to. */
    private int windowHits(HashChain hashes, int[] tokens, int group, int most, int next) {
        int hits = most;
        if (groups.get(group).window() == 0) {
            return hits;
        }
        for (int i = most - 1; i >= firstNeeded(group, hits, next); i--) {
            if (findCached(hashes, tokens, group, i) == BlockPool.NOT_FOUND) {
                hits = i; // a block that is needed behind i blocks is needed behind fewer, too
            }
        }
        return hits;
    }

    private int unused(HashChain hashes, int[] tokens, int hits, int next) {
        int unused = 0;
        for (int group = 0; group < groups.size(); group++) {
            for (int i = firstNeeded(group, hits, next); i < hits; i++) {
                unused += pool.references(findCached(hashes, tokens, group, i)) == 0 ? 1 : 0;
            }
        }
        return unused;
    }

    /** The first block that is read when the tokens behind {@code hits} cached blocks are computed, or those from {@code next} on. */
    private int firstNeeded(int group, int hits, int next) {
        return groups.get(group).firstBlock(Math.max(hits * blockSize, next), blockSize);
    }

    /** Takes the blocks of a hit, in all groups before any empty block is taken, which might be one of them. */
    private void retain(HashChain hashes, int[] tokens, int hits, int next, BlockTables into) {
        for (int group = 0; group < groups.size(); group++) {
            int first = firstNeeded(group, hits, next);
            into.of(group).skip(first);
            for (int i = first; i < hits; i++) {
                int block = findCached(hashes, tokens, group, i);
                pool.retain(block);
                into.of(group).append(block);
            }
        }
        hitTokens += hits * (long) blockSize;
    }

    private void fill(BlockTable table, int blocks) {
        while (table.size() < blocks) {
            table.append(pool.allocate());
        }
    }

    private int findCached(HashChain hashes, int[] tokens, int group, int block) {
        PrefixHash hash = hashes.hash(block, tokens, hashRoot, blockSize);
        return pool.find(hash.inGroup(group), tokens, block * blockSize);
    }

    // ---- what there is

    long queriedTokens() {
        return queriedTokens;
    }

    long hitTokens() {
        return hitTokens;
    }

    int free() {
        return pool.free();
    }

    int cached() {
        return pool.cached();
    }

    /** What is wrong with the accounts, whose holders claim so many blocks together; empty if all is well. */
    Optional<String> check(int claims) {
        return pool.check(claims);
    }
}
