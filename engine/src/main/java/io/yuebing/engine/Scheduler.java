package io.yuebing.engine;

import io.yuebing.kv.BlockPool;
import io.yuebing.kv.BlockTable;
import io.yuebing.kv.PrefixHash;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Decides which tokens of which sequences the next step computes, and who holds the blocks for them.
 *
 * <p>There is no prefill phase and no decode phase: each step hands out one budget of tokens, and every sequence wants as
 * many as it has tokens that are not computed. Those that need one token come first, so nobody's stream stalls behind a
 * long prompt; then prompts under way; then waiting sequences, in order of arrival. A prompt larger than the budget is
 * computed in chunks by this rule alone.
 *
 * <p>A sequence takes blocks for all of its tokens when it starts to run and one more whenever it grows past them. If none
 * is left, the youngest sequence is preempted: it gives back its blocks, whose content stays in the prefix cache until
 * they are reused, and waits at the head of the queue to be computed again. Sequences that are handed off never grow and
 * are never preempted: somebody may be reading their blocks.
 *
 * <p>Where every layer attends to a window only, a sequence gives back the blocks behind it as it goes.
 *
 * <p>Pure logic: no threads, no clock.
 */
final class Scheduler {
    private final EngineConfig config;
    private final int window;
    private final BlockPool pool;
    private final PrefixHash hashRoot;

    private final Deque<Sequence> waiting = new ArrayDeque<>();
    /** Preempted sequences are the first so many of the waiting. */
    private int preemptedWaiting;
    /** In order of arrival. */
    private final List<Sequence> running = new ArrayList<>();
    /** Prompts computed, blocks not yet delivered. */
    private final Set<Sequence> held = new LinkedHashSet<>();

    private final Set<BlockReservation> reservations = new LinkedHashSet<>();

    private long preemptions;
    private long queriedTokens;
    private long hitTokens;

    private final StepPlan plan = new StepPlan();

    /** @param window positions that a token attends to, its own included; 0 = all before it */
    Scheduler(EngineConfig config, int window) {
        this.config = config;
        this.window = window;
        pool = new BlockPool(config.blocks(), config.blockSize());
        hashRoot = PrefixHash.root(config.hashSeed());
    }

    // ---- sequences come and go

    /** A new sequence; waits for blocks and a place. */
    void add(Sequence sequence) {
        waiting.addLast(sequence);
    }

    /** A sequence whose first tokens are computed in the reserved blocks; takes over blocks and place. */
    void resume(Sequence sequence, BlockReservation reservation) {
        reservations.remove(reservation);
        sequence.blocks().appendAll(reservation.blockIds());
        sequence.computed(reservation.tokens());
        sequence.admitted(reservation.cachedBlocks() * config.blockSize());
        registerFullBlocks(sequence);
        running.add(sequence);
    }

    /** Keeps the blocks of a sequence that needs no more steps. */
    void hold(Sequence sequence) {
        running.remove(sequence);
        held.add(sequence);
    }

    /** Forgets a sequence, wherever it is, and frees its blocks. False if it was gone already. */
    boolean remove(Sequence sequence) {
        boolean known = running.remove(sequence) || held.remove(sequence) || removeWaiting(sequence);
        if (known) {
            pool.releaseAll(sequence.blocks());
        }
        return known;
    }

    private boolean removeWaiting(Sequence sequence) {
        int index = 0;
        for (Sequence other : waiting) {
            if (other == sequence) {
                if (index < preemptedWaiting) {
                    preemptedWaiting--;
                }
                return waiting.remove(sequence);
            }
            index++;
        }
        return false;
    }

    /** All sequences known. */
    List<Sequence> sequences() {
        List<Sequence> all = new ArrayList<>(running);
        all.addAll(held);
        all.addAll(waiting);
        return all;
    }

    // ---- reservations

    /**
     * Whether a reservation of {@code tokens} tokens can be had now. Preempted sequences come first: they were promised
     * progress earlier.
     */
    boolean canReserve(ReserveWish wish) {
        return preemptedWaiting == 0 && hasPlace() && fits(wish.tokens(), cached(wish));
    }

    /**
     * Takes cached blocks for the beginning and empty ones for the rest; only if {@link #canReserve}.
     *
     * @param onClose told when the reservation ends unused
     */
    BlockReservation reserve(ReserveWish wish, Consumer<BlockReservation> onClose) {
        Cached cached = cached(wish);
        BlockTable blocks = new BlockTable();
        takeBlocks(wish.hashes(), wish.ids(), wish.tokens(), cached, blocks);
        queriedTokens += wish.ids().length;
        BlockReservation reservation = new BlockReservation(blocks.toArray(), cached.blocks(), wish.tokens(), onClose);
        reservations.add(reservation);
        return reservation;
    }

    private Cached cached(ReserveWish wish) {
        return cached(wish.hashes(), wish.ids(), wish.ids().length);
    }

    /** Ends a reservation that was not resumed. */
    void release(BlockReservation reservation) {
        if (reservations.remove(reservation)) {
            int[] blocks = reservation.blockIds();
            for (int i = blocks.length - 1; i >= 0; i--) {
                pool.release(blocks[i]);
            }
        }
    }

    // ---- steps

    /** Plans the next step and takes the blocks it needs. The plan is valid until the next call. */
    StepPlan plan() {
        plan.clear();
        scheduleRunning(true);
        scheduleRunning(false);
        if (plan.preempted() == 0) {
            admit();
        }
        return plan;
    }

    /** Tokens that the step can still take. */
    private int budget() {
        return config.maxBatchedTokens() - plan.tokens();
    }

    /** Takes note that a slice is computed. */
    void commit(StepPlan.Slice slice) {
        slice.sequence().computed(slice.to());
        registerFullBlocks(slice.sequence());
        giveBackBehindWindow(slice.sequence());
    }

    /** Gives back the blocks that the next token does not attend to, unless somebody else may be reading them. */
    private void giveBackBehindWindow(Sequence sequence) {
        if (window == 0 || sequence.sink() != null) {
            return;
        }
        int firstRead = Math.max(0, sequence.computed() - window + 1);
        while (sequence.blocks().givenBack() < firstRead / config.blockSize()) {
            pool.release(sequence.blocks().giveBackFirst());
        }
    }

    private void scheduleRunning(boolean oneToken) {
        for (int i = 0; i < running.size() && budget() > 0; i++) {
            Sequence sequence = running.get(i);
            if ((sequence.missing() == 1) != oneToken) {
                continue;
            }
            if (grow(sequence)) {
                schedule(sequence);
            } else {
                i--; // it was preempted itself, and the list has closed up
            }
        }
    }

    private void schedule(Sequence sequence) {
        int tokens = Math.min(sequence.missing(), budget());
        plan.add(sequence, sequence.computed(), sequence.computed() + tokens);
    }

    /** Takes blocks up to the sequence's length, preempting others; false if it had to be preempted itself. */
    private boolean grow(Sequence sequence) {
        int needed = BlockTable.blocksFor(sequence.length(), config.blockSize());
        while (sequence.blocks().size() < needed) {
            if (pool.available() > 0) {
                sequence.blocks().append(pool.allocate());
                continue;
            }
            Sequence victim = youngestPreemptible();
            preempt(victim);
            if (victim == sequence) {
                return false;
            }
        }
        return true;
    }

    /** The last to arrive that is not handed off; the one that asks at the latest. */
    private Sequence youngestPreemptible() {
        for (int i = running.size() - 1; i >= 0; i--) {
            if (running.get(i).sink() == null) {
                return running.get(i);
            }
        }
        throw new IllegalStateException("a sequence that is handed off has grown past its blocks");
    }

    private void preempt(Sequence victim) {
        running.remove(victim);
        plan.preempt(victim);
        pool.releaseAll(victim.blocks());
        victim.computed(0);
        victim.registeredBlocks(0);
        waiting.addFirst(victim);
        preemptedWaiting++;
        preemptions++;
    }

    private void admit() {
        while (budget() > 0 && !waiting.isEmpty() && hasPlace() && takeBlocks(waiting.getFirst())) {
            Sequence sequence = waiting.removeFirst();
            preemptedWaiting = Math.max(0, preemptedWaiting - 1);
            running.add(sequence);
            schedule(sequence);
        }
    }

    private boolean hasPlace() {
        return running.size() + reservations.size() < config.maxSequences();
    }

    /** Takes cached blocks for the beginning and empty ones for the rest of all known tokens, or nothing at all. */
    private boolean takeBlocks(Sequence sequence) {
        int reusable = config.prefixCaching() ? sequence.reusableTokens() : 0;
        Cached cached = cached(sequence.hashes(), sequence.tokens(), reusable);
        if (!fits(sequence.length(), cached)) {
            return false;
        }
        takeBlocks(sequence.hashes(), sequence.tokens(), sequence.length(), cached, sequence.blocks());
        int hitHere = cached.blocks() * config.blockSize();
        sequence.computed(hitHere);
        sequence.registeredBlocks(cached.blocks());
        sequence.admitted(hitHere);
        queriedTokens += reusable > 0 ? sequence.length() : 0;
        return true;
    }

    // ---- the prefix cache

    /**
     * Leading blocks whose content is there.
     *
     * @param unused how many of them have no holder yet
     */
    private record Cached(int blocks, int unused) {}

    private Cached cached(HashChain hashes, int[] tokens, int reusable) {
        int most = config.prefixCaching() ? reusable / config.blockSize() : 0;
        int hits = 0;
        int unused = 0;
        for (int block; hits < most && (block = findCached(hashes, tokens, hits)) != BlockPool.NOT_FOUND; hits++) {
            unused += pool.references(block) == 0 ? 1 : 0;
        }
        return new Cached(hits, unused);
    }

    private boolean fits(int tokens, Cached cached) {
        return BlockTable.blocksFor(tokens, config.blockSize()) - cached.blocks() <= pool.available() - cached.unused();
    }

    private void takeBlocks(HashChain hashes, int[] tokens, int count, Cached cached, BlockTable into) {
        for (int i = 0; i < cached.blocks(); i++) {
            int block = findCached(hashes, tokens, i);
            pool.retain(block);
            into.append(block);
        }
        while (into.size() < BlockTable.blocksFor(count, config.blockSize())) {
            into.append(pool.allocate());
        }
        hitTokens += cached.blocks() * (long) config.blockSize();
    }

    private int findCached(HashChain hashes, int[] tokens, int block) {
        PrefixHash hash = hashes.hash(block, tokens, hashRoot, config.blockSize());
        return pool.find(hash, tokens, block * config.blockSize());
    }

    private void registerFullBlocks(Sequence sequence) {
        if (!config.prefixCaching()) {
            return;
        }
        int full = sequence.computed() / config.blockSize();
        for (int i = sequence.registeredBlocks(); i < full; i++) {
            PrefixHash hash = sequence.hashes().hash(i, sequence.tokens(), hashRoot, config.blockSize());
            pool.register(sequence.blocks().get(i), hash, sequence.tokens(), i * config.blockSize());
        }
        sequence.registeredBlocks(full);
    }

    // ---- what there is

    int running() {
        return running.size();
    }

    int waiting() {
        return waiting.size();
    }

    int reservations() {
        return reservations.size();
    }

    long preemptions() {
        return preemptions;
    }

    long queriedTokens() {
        return queriedTokens;
    }

    long hitTokens() {
        return hitTokens;
    }

    int freeBlocks() {
        return pool.free();
    }

    int cachedBlocks() {
        return pool.cached();
    }

    /** Blocks of reservations and of prompts that wait for their transfer. */
    int heldBlocks() {
        int blocks = 0;
        for (BlockReservation reservation : reservations) {
            blocks += reservation.size();
        }
        for (Sequence sequence : held) {
            blocks += sequence.blocks().size();
        }
        return blocks;
    }

    /** What is wrong with the accounts of blocks; empty if all is well (DESIGN invariant 4). */
    Optional<String> check() {
        int claims = heldBlocks();
        for (Sequence sequence : running) {
            claims += sequence.blocks().held();
        }
        return pool.check(claims);
    }
}
