package io.yuebing.engine;

import io.yuebing.kv.LayerGroup;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Decides which tokens of which sequences the next step computes, and who gives way when blocks run out.
 *
 * <p>There is no prefill phase and no decode phase: each step hands out one budget of tokens, and every sequence wants as
 * many as it has tokens that are not computed. Those that need one token come first, so nobody's stream stalls behind a
 * long prompt; then prompts under way; then waiting sequences, in order of arrival. A prompt larger than the budget is
 * computed in chunks by this rule alone.
 *
 * <p>A sequence starts to run when there are {@linkplain KvBlocks blocks} for all of its tokens, and takes more whenever it
 * grows past those that it has. If none is left, the youngest sequence is preempted: it gives back its blocks, whose content stays in the prefix cache until
 * they are reused, and waits at the head of the queue to be computed again. Sequences that are handed off never grow and
 * are never preempted: somebody may be reading their blocks.
 *
 * <p>Pure logic: no threads, no clock.
 */
final class Scheduler {
    private final EngineConfig config;
    private final KvBlocks blocks;

    private final Deque<Sequence> waiting = new ArrayDeque<>();
    /** Preempted sequences are the first so many of the waiting. */
    private int preemptedWaiting;
    /** In order of arrival. */
    private final List<Sequence> running = new ArrayList<>();
    /** Prompts computed, blocks not yet delivered. */
    private final Set<Sequence> held = new LinkedHashSet<>();

    private final Set<BlockReservation> reservations = new LinkedHashSet<>();

    private long preemptions;

    private final StepPlan plan = new StepPlan();

    /** @param groups of the model's layers */
    Scheduler(EngineConfig config, List<LayerGroup> groups) {
        this.config = config;
        blocks = new KvBlocks(config, groups);
    }

    // ---- sequences come and go

    /** A new sequence; waits for blocks and a place. */
    void add(Sequence sequence) {
        waiting.addLast(sequence);
    }

    /** A sequence whose first tokens are computed in the reserved blocks; takes over blocks and place. */
    void resume(Sequence sequence, BlockReservation reservation) {
        reservations.remove(reservation);
        blocks.adopt(sequence, reservation);
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
            blocks.release(sequence);
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
        return preemptedWaiting == 0 && hasPlace() && blocks.canReserve(wish);
    }

    /**
     * Takes cached blocks for the beginning and empty ones for the rest; only if {@link #canReserve}.
     *
     * @param onClose told when the reservation ends unused
     */
    BlockReservation reserve(ReserveWish wish, Consumer<BlockReservation> onClose) {
        BlockReservation reservation = blocks.reserve(wish, onClose);
        reservations.add(reservation);
        return reservation;
    }

    /** Ends a reservation that was not resumed. */
    void release(BlockReservation reservation) {
        if (reservations.remove(reservation)) {
            blocks.release(reservation);
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
        blocks.computed(slice.sequence());
    }

    private void scheduleRunning(boolean oneToken) {
        for (int i = 0; i < running.size() && budget() > 0; i++) {
            Sequence sequence = running.get(i);
            if ((sequence.missing() == 1) != oneToken) {
                continue;
            }
            int to = sequence.computed() + Math.min(sequence.missing(), budget());
            if (grow(sequence, to)) {
                plan.add(sequence, sequence.computed(), to);
            } else {
                i--; // it was preempted itself, and the list has closed up
            }
        }
    }

    /** Takes blocks for tokens up to {@code to}, preempting others; false if it had to be preempted itself. */
    private boolean grow(Sequence sequence, int to) {
        while (!blocks.grow(sequence, to)) {
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
        blocks.release(victim);
        victim.computed(0);
        waiting.addFirst(victim);
        preemptedWaiting++;
        preemptions++;
    }

    private void admit() {
        while (budget() > 0 && !waiting.isEmpty() && hasPlace() && blocks.admit(waiting.getFirst(), budget())) {
            Sequence sequence = waiting.removeFirst();
            preemptedWaiting = Math.max(0, preemptedWaiting - 1);
            running.add(sequence);
            plan.add(sequence, sequence.computed(), sequence.computed() + Math.min(sequence.missing(), budget()));
        }
    }

    private boolean hasPlace() {
        return running.size() + reservations.size() < config.maxSequences();
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
        return blocks.queriedTokens();
    }

    long hitTokens() {
        return blocks.hitTokens();
    }

    int freeBlocks() {
        return blocks.free();
    }

    int cachedBlocks() {
        return blocks.cached();
    }

    /** Blocks of reservations and of prompts that wait for their transfer. */
    int heldBlocks() {
        int count = 0;
        for (BlockReservation reservation : reservations) {
            count += reservation.size();
        }
        for (Sequence sequence : held) {
            count += sequence.blocks().held();
        }
        return count;
    }

    /** What is wrong with the accounts of blocks; empty if all is well (DESIGN invariant 4). */
    Optional<String> check() {
        int claims = heldBlocks();
        for (Sequence sequence : running) {
            claims += sequence.blocks().held();
        }
        return blocks.check(claims);
    }
}
