package io.yuebing.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.api.GenerateRequest;
import io.yuebing.api.SampledToken;
import io.yuebing.api.SamplingParams;
import io.yuebing.kv.BlockTable;
import io.yuebing.kv.ElementType;
import io.yuebing.kv.LayerGroup;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SchedulerTest {
    private static final List<LayerGroup> ALL = LayerGroup.all(1);
    private static final List<LayerGroup> WINDOW = LayerGroup.of(List.of(8));
    /** One group with a window of 8, one without. */
    private static final List<LayerGroup> BOTH = LayerGroup.of(List.of(8, 0));

    private static final List<List<Integer>> KINDS =
            List.of(List.of(0), List.of(5), List.of(10), List.of(5, 0), List.of(1, 0), List.of(4, 4, 0, 9));

    private static final KvSink SINK = new KvSink() {
        @Override
        public void layerWritten(int layer, int[] blockIds, int fromBlock, int toBlock) {}

        @Override
        public void promptWritten(BlockHold hold) {}

        @Override
        public void aborted() {}
    };

    /** Blocks of 4 tokens. */
    private static EngineConfig config(int blocks, int budget, int sequences) {
        return new EngineConfig(4, blocks, budget, sequences, 100, 1000, ElementType.F32, true, "0");
    }

    @Test
    void longPromptsAreComputedInChunksOfTheBudget() {
        Scheduler scheduler = new Scheduler(config(10, 8, 4), ALL);
        Sequence long1 = sequence("a", 0, 20);
        scheduler.add(long1);
        assertThat(step(scheduler)).containsExactly("a 0..8");
        assertThat(step(scheduler)).containsExactly("a 8..16");
        assertThat(step(scheduler)).containsExactly("a 16..20");
        assertThat(step(scheduler)).containsExactly("a 20..21");
    }

    @Test
    void sequencesInGenerationComeBeforePrompts() {
        Scheduler scheduler = new Scheduler(config(20, 8, 4), ALL);
        scheduler.add(sequence("long", 0, 20));
        step(scheduler);
        BlockReservation reservation = reserve(scheduler, 4);
        scheduler.resume(sequence("resumed", 500, 5), reservation);
        assertThat(step(scheduler)).containsExactly("resumed 4..5", "long 8..15");
    }

    @Test
    void waitingSequencesStartInOrderOfArrivalWithWhatTheBudgetLeaves() {
        Scheduler scheduler = new Scheduler(config(20, 10, 4), ALL);
        scheduler.add(sequence("a", 0, 6));
        scheduler.add(sequence("b", 100, 6));
        scheduler.add(sequence("c", 200, 6));
        assertThat(step(scheduler)).containsExactly("a 0..6", "b 0..4");
        assertThat(step(scheduler)).containsExactly("a 6..7", "b 4..6", "c 0..6");
    }

    @Test
    void nobodyOvertakesTheHeadOfTheQueue() {
        Scheduler scheduler = new Scheduler(config(4, 100, 4), ALL);
        scheduler.add(sequence("a", 0, 8));
        scheduler.add(sequence("large", 100, 12));
        scheduler.add(sequence("small", 200, 2));
        assertThat(step(scheduler)).containsExactly("a 0..8");
        assertThat(scheduler.waiting()).isEqualTo(2);
    }

    @Test
    void noMoreThanMaxSequencesRun() {
        Scheduler scheduler = new Scheduler(config(20, 100, 2), ALL);
        for (String id : List.of("a", "b", "c")) {
            scheduler.add(sequence(id, id.hashCode(), 2));
        }
        assertThat(step(scheduler)).containsExactly("a 0..2", "b 0..2");
        assertThat(scheduler.running()).isEqualTo(2);
    }

    @Test
    void theYoungestIsPreemptedAndReturnsFirstFindingItsBlocksCached() {
        Scheduler scheduler = new Scheduler(config(5, 100, 4), ALL);
        Sequence old = sequence("old", 0, 8);
        Sequence young = sequence("young", 100, 8);
        scheduler.add(old);
        scheduler.add(young);
        scheduler.add(sequence("waiting", 200, 1));
        assertThat(step(scheduler)).containsExactly("old 0..8", "young 0..8", "waiting 0..1");
        scheduler.remove(scheduler.sequences().get(2));
        scheduler.add(sequence("next", 300, 1));

        assertThat(step(scheduler)).as("one block is left, the older takes it").containsExactly("old 8..9");
        assertThat(scheduler.preemptions()).isEqualTo(1);
        assertThat(scheduler.check()).isEmpty();

        assertThat(scheduler.sequences().stream().map(Sequence::id)).containsExactly("old", "young", "next");
        scheduler.remove(old);
        assertThat(step(scheduler))
                .as("its whole blocks were still in the cache")
                .containsExactly("young 8..9", "next 0..1");
    }

    @Test
    void aSequenceAloneThatFindsNoBlockPreemptsItself() {
        Scheduler scheduler = new Scheduler(config(4, 100, 4), ALL);
        BlockReservation reservation = reserve(scheduler, 8);
        scheduler.add(sequence("a", 0, 8));
        step(scheduler);
        assertThat(scheduler.plan().slices()).isEmpty();
        assertThat(scheduler.waiting()).isEqualTo(1);
        scheduler.release(reservation);
        assertThat(step(scheduler)).containsExactly("a 8..9");
    }

    @Test
    void handedOffSequencesAreNeverPreempted() {
        Scheduler scheduler = new Scheduler(config(6, 12, 4), ALL);
        scheduler.add(sequence("plain", 0, 8));
        scheduler.add(sequence("handed off", 100, SINK, 16));
        assertThat(step(scheduler)).containsExactly("plain 0..8", "handed off 0..4");
        assertThat(step(scheduler)).as("plain gives way itself").containsExactly("handed off 4..16");
        assertThat(scheduler.preemptions()).isEqualTo(1);
    }

    @Test
    void equalBeginningsAreComputedOnceAndTheLastTokenAlwaysAgain() {
        Scheduler scheduler = new Scheduler(config(20, 100, 4), ALL);
        scheduler.add(sequence("a", 0, 8));
        step(scheduler);
        scheduler.add(sequence("same", 0, 8));
        scheduler.add(sequence("longer", 0, 11));
        assertThat(step(scheduler)).containsExactly("a 8..9", "same 4..8", "longer 8..11");
        assertThat(scheduler.hitTokens()).isEqualTo(12);
        assertThat(scheduler.queriedTokens()).isEqualTo(8 + 8 + 11);
        assertThat(scheduler.check()).isEmpty();
    }

    @Test
    void tenantsWithOtherSaltsShareNothing() {
        Scheduler scheduler = new Scheduler(config(20, 100, 4), ALL);
        scheduler.add(sequence("a", "blue", greedy(), 0, 8));
        step(scheduler);
        scheduler.add(sequence("b", "red", greedy(), 0, 9));
        scheduler.add(sequence("c", "blue", greedy(), 0, 9));
        assertThat(step(scheduler)).containsExactly("a 8..9", "b 0..9", "c 8..9");
    }

    @Test
    void promptLogprobsNeedEveryRowComputedOnce() {
        Scheduler scheduler = new Scheduler(config(20, 4, 4), ALL);
        scheduler.add(sequence("a", 0, 8));
        step(scheduler);
        step(scheduler);
        SamplingParams scored =
                SamplingParams.builder().temperature(0).promptLogprobs(0).build();
        Sequence sequence = sequence("scored", "none", scored, 0, 8);
        scheduler.remove(scheduler.sequences().getFirst());
        scheduler.add(sequence);
        StepPlan plan = scheduler.plan();
        assertThat(names(plan)).containsExactly("scored 0..4");
        assertThat(IntStream.range(0, 9).filter(sequence::scores)).containsExactly(0, 1, 2, 3, 4, 5, 6);
        for (int position = 0; position < 4; position++) {
            sequence.scored(SampledToken.bare(0));
        }
        assertThat(IntStream.range(0, 9).filter(sequence::scores)).containsExactly(4, 5, 6);
        assertThat(sequence.reusableTokens()).isEqualTo(4);
    }

    @Test
    void reservationsHoldBlocksAndAPlace() {
        Scheduler scheduler = new Scheduler(config(4, 100, 1), ALL);
        BlockReservation reservation = reserve(scheduler, 9);
        assertThat(reservation.blockIds()).hasSize(3).doesNotHaveDuplicates();
        assertThat(scheduler.heldBlocks()).isEqualTo(3);
        assertThat(scheduler.freeBlocks()).isEqualTo(1);
        assertThat(scheduler.canReserve(ReserveWish.of(1)))
                .as("the only place is taken")
                .isFalse();
        scheduler.add(sequence("a", 0, 2));
        assertThat(step(scheduler)).isEmpty();
        scheduler.release(reservation);
        scheduler.release(reservation);
        assertThat(scheduler.check()).isEmpty();
        assertThat(step(scheduler)).containsExactly("a 0..2");
    }

    @Test
    void receivedBlocksEnterThePrefixCacheWithTheResume() {
        Scheduler scheduler = new Scheduler(config(20, 100, 4), ALL);
        BlockReservation reservation = reserve(scheduler, 9);
        assertThat(scheduler.sequences()).isEmpty();
        scheduler.add(sequence("early", 0, 9));
        assertThat(step(scheduler)).as("nothing is known of the blocks yet").containsExactly("early 0..9");
        scheduler.remove(scheduler.sequences().getFirst());

        reservation.take();
        scheduler.resume(sequence("resumed", 300, 10), reservation);
        scheduler.add(sequence("late", 300, 9));
        assertThat(step(scheduler)).containsExactly("resumed 9..10", "late 8..9");
        assertThat(scheduler.check()).isEmpty();
    }

    @Test
    void preemptedSequencesComeBeforeReservations() {
        Scheduler scheduler = new Scheduler(config(4, 100, 4), ALL);
        scheduler.add(sequence("old", 0, 8));
        scheduler.add(sequence("young", 100, 8));
        step(scheduler);
        step(scheduler);
        assertThat(scheduler.preemptions()).isEqualTo(1);
        assertThat(scheduler.canReserve(ReserveWish.of(1))).isFalse();
        scheduler.remove(scheduler.sequences().getLast());
        assertThat(scheduler.canReserve(ReserveWish.of(1))).isTrue();
    }

    @Test
    void blocksBehindTheWindowOfAllLayersAreGivenBack() {
        Scheduler scheduler = new Scheduler(config(20, 100, 4), WINDOW);
        Sequence sequence = sequence("a", 0, WINDOW, null, 40);
        scheduler.add(sequence);
        assertThat(step(scheduler)).containsExactly("a 0..40");
        assertThat(sequence.blocks().held()).as("positions 33 to 39").isEqualTo(2);
        for (int length = 40; length < 75; length++) {
            assertThat(step(scheduler)).containsExactly("a " + length + ".." + (length + 1));
            assertThat(sequence.blocks().held()).isLessThanOrEqualTo(3);
        }
        assertThat(scheduler.check()).isEmpty();
        scheduler.remove(sequence);
        assertThat(scheduler.check()).isEmpty();
        assertThat(scheduler.freeBlocks() + scheduler.cachedBlocks()).isEqualTo(20);
    }

    @Test
    void aPromptThatIsHandedOffKeepsTheBlocksThatItsContinuationReads() {
        Scheduler scheduler = new Scheduler(config(20, 20, 4), BOTH);
        Sequence sequence = sequence("a", 0, BOTH, SINK, 40);
        scheduler.add(sequence);
        step(scheduler);
        assertThat(sequence.blocks().of(0).size())
                .as("three are given back, three of later positions taken, since it is never preempted")
                .isEqualTo(10);
        step(scheduler);
        assertThat(sequence.blocks().of(0).held()).as("positions 33 to 39").isEqualTo(2);
        assertThat(sequence.blocks().of(1).held()).isEqualTo(10);
        assertThat(sequence.order().size()).isEqualTo(12);
        assertThat(sequence.listedBlocks()).hasSize(12).doesNotHaveDuplicates();
    }

    @Test
    void eachKindOfLayersHoldsWhatItReads() {
        Scheduler scheduler = new Scheduler(config(24, 12, 4), BOTH);
        Sequence sequence = sequence("a", 0, BOTH, null, 40);
        scheduler.add(sequence);
        while (sequence.length() < 60) {
            step(scheduler);
            assertThat(sequence.blocks().of(0).held()).isLessThanOrEqualTo(3);
        }
        assertThat(sequence.blocks().of(1).held()).isEqualTo(15);
        assertThat(scheduler.check()).isEmpty();
        scheduler.remove(sequence);
        assertThat(scheduler.freeBlocks() + scheduler.cachedBlocks()).isEqualTo(24);
    }

    @Test
    void aHitNeedsTheBlocksOfTheWindowBeforeItOnly() {
        Scheduler scheduler = new Scheduler(config(10, 100, 4), WINDOW);
        Sequence first = sequence("a", 0, WINDOW, null, 40);
        scheduler.add(first);
        step(scheduler);
        scheduler.remove(first);
        scheduler.add(sequence("other", 500, WINDOW, null, 16));
        step(scheduler);
        scheduler.remove(scheduler.sequences().getFirst());

        scheduler.add(sequence("longer", 0, WINDOW, null, 50));
        assertThat(step(scheduler)).as("its first blocks are forgotten").containsExactly("longer 40..50");
        assertThat(scheduler.hitTokens()).isEqualTo(40);
        assertThat(scheduler.check()).isEmpty();
    }

    @Test
    void aReservationHasOfEachKindWhatTheContinuationReads() {
        Scheduler scheduler = new Scheduler(config(40, 100, 4), BOTH);
        KvPrefix prefix = new KvPrefix(tokens(0, 40), Optional.empty());
        BlockReservation reservation = scheduler.reserve(ReserveWish.of(prefix), scheduler::release);
        assertThat(reservation.blockIds()).hasSize(2 + 10).doesNotHaveDuplicates();
        assertThat(reservation.cachedBlocks()).isZero();
        reservation.take();
        Sequence sequence = sequence("a", 0, BOTH, null, 41);
        scheduler.resume(sequence, reservation);
        assertThat(step(scheduler)).containsExactly("a 40..41");
        assertThat(sequence.blocks().of(0).held()).isEqualTo(3);

        BlockReservation again = scheduler.reserve(ReserveWish.of(prefix), scheduler::release);
        assertThat(again.cachedBlocks()).as("all is there").isEqualTo(12);
        scheduler.release(again);
        assertThat(scheduler.check()).isEmpty();
    }

    @Test
    void withoutPrefixCachingNothingIsKept() {
        Scheduler scheduler =
                new Scheduler(new EngineConfig(4, 20, 100, 4, 100, 1000, ElementType.F32, false, "0"), ALL);
        scheduler.add(sequence("a", 0, 8));
        step(scheduler);
        scheduler.add(sequence("b", 0, 8));
        assertThat(step(scheduler)).containsExactly("a 8..9", "b 0..8");
        scheduler.sequences().forEach(scheduler::remove);
        assertThat(scheduler.freeBlocks()).isEqualTo(20);
        assertThat(scheduler.queriedTokens()).isZero();
    }

    @Test
    void everySequenceEndsAndNoBlockIsLostInAnyHistory() {
        for (long seed = 1; seed <= 40; seed++) {
            simulate(seed);
        }
    }

    /** Arrivals, ends, cancellations, hand-offs and reservations at random in a pool that is always too small. */
    private static void simulate(long seed) {
        Random random = new Random(seed);
        List<LayerGroup> groups = LayerGroup.of(KINDS.get(random.nextInt(KINDS.size())));
        EngineConfig config =
                config(groups.size() * (6 + random.nextInt(10)), 1 + random.nextInt(12), 1 + random.nextInt(6));
        Scheduler scheduler = new Scheduler(config, groups);
        List<BlockReservation> reservations = new ArrayList<>();
        Map<BlockReservation, Integer> firstTokens = new IdentityHashMap<>();
        List<Sequence> held = new ArrayList<>();
        int arrivals = 60;
        for (int step = 0; arrivals > 0 || !scheduler.sequences().isEmpty() || !reservations.isEmpty(); step++) {
            String where = "seed " + seed + ", step " + step;
            assertThat(step).as("%s: all sequences end", where).isLessThan(20_000);
            if (arrivals > 0 && random.nextInt(3) == 0) {
                arrivals--;
                int length = 1 + random.nextInt(16);
                boolean handOff = random.nextInt(4) == 0;
                scheduler.add(sequence("s" + arrivals, random.nextInt(3) * 10, groups, handOff ? SINK : null, length));
            }
            if (arrivals > 0 && random.nextInt(8) == 0) {
                int first = random.nextInt(4) * 10;
                ReserveWish wish =
                        ReserveWish.of(new KvPrefix(tokens(first, 1 + random.nextInt(12)), Optional.empty()));
                if (scheduler.canReserve(wish)) {
                    BlockReservation reservation = scheduler.reserve(wish, scheduler::release);
                    reservations.add(reservation);
                    firstTokens.put(reservation, first);
                }
            }
            if (!reservations.isEmpty() && random.nextInt(4) == 0) {
                BlockReservation reservation = reservations.remove(random.nextInt(reservations.size()));
                reservation.take();
                if (random.nextBoolean()) {
                    scheduler.release(reservation);
                } else {
                    int extra = 1 + random.nextInt(3);
                    scheduler.resume(
                            sequence(
                                    "r" + step,
                                    firstTokens.getOrDefault(reservation, 0),
                                    groups,
                                    null,
                                    reservation.tokens() + extra),
                            reservation);
                }
            }
            if (!held.isEmpty() && random.nextInt(3) == 0) {
                scheduler.remove(held.remove(random.nextInt(held.size())));
            }
            if (random.nextInt(30) == 0 && !scheduler.sequences().isEmpty()) {
                Sequence gone = scheduler.sequences().getFirst();
                held.remove(gone);
                assertThat(scheduler.remove(gone)).as(where).isTrue();
            }

            StepPlan plan = scheduler.plan();
            assertThat(plan.tokens()).as(where).isBetween(0, config.maxBatchedTokens());
            assertThat(plan.slices().stream().mapToInt(StepPlan.Slice::tokens).sum())
                    .as(where)
                    .isEqualTo(plan.tokens());
            assertThat(scheduler.running() + scheduler.reservations())
                    .as(where)
                    .isLessThanOrEqualTo(config.maxSequences());
            for (StepPlan.Slice slice : plan.slices()) {
                Sequence sequence = slice.sequence();
                checkBlocks(groups, config, slice, where);
                boolean complete = slice.completes();
                scheduler.commit(slice);
                if (complete && sequence.sink() != null) {
                    scheduler.hold(sequence);
                    held.add(sequence);
                } else if (complete) {
                    sequence.append(random.nextInt(50));
                    if (sequence.length() > 20 || random.nextInt(12) == 0) {
                        scheduler.remove(sequence);
                    }
                }
            }
            assertThat(scheduler.check()).as(where).isEmpty();
        }
        assertThat(scheduler.freeBlocks() + scheduler.cachedBlocks())
                .as("seed %d: all blocks come back", seed)
                .isEqualTo(config.blocks());
    }

    /** The blocks are there that the step reads and writes; where a window is, not many more. */
    private static void checkBlocks(List<LayerGroup> groups, EngineConfig config, StepPlan.Slice slice, String where) {
        Sequence sequence = slice.sequence();
        for (int group = 0; group < groups.size(); group++) {
            BlockTable table = sequence.blocks().of(group);
            assertThat(table.size() * config.blockSize()).as(where).isGreaterThanOrEqualTo(slice.to());
            assertThat(table.givenBack())
                    .as(where)
                    .isLessThanOrEqualTo(groups.get(group).firstBlock(slice.from(), 4));
            int budget = config.maxBatchedTokens();
            int most = sequence.sink() == null
                    ? groups.get(group).mostBlocks(sequence.length(), budget, 4)
                    : groups.get(group).mostBlocksSetAside(sequence.length(), budget, 4);
            assertThat(table.held()).as(where).isLessThanOrEqualTo(most);
        }
    }

    // ---- what tests say

    /** Plans a step and completes it, each finished sequence getting one more token. */
    private static List<String> step(Scheduler scheduler) {
        StepPlan plan = scheduler.plan();
        List<String> names = names(plan);
        for (StepPlan.Slice slice : plan.slices()) {
            boolean complete = slice.completes();
            scheduler.commit(slice);
            if (complete) {
                slice.sequence().append(7);
            }
        }
        return names;
    }

    private static List<String> names(StepPlan plan) {
        return plan.slices().stream()
                .map(slice -> slice.sequence().id() + " " + slice.from() + ".." + slice.to())
                .toList();
    }

    private static BlockReservation reserve(Scheduler scheduler, int tokens) {
        assertThat(scheduler.canReserve(ReserveWish.of(tokens))).isTrue();
        return scheduler.reserve(ReserveWish.of(tokens), scheduler::release);
    }

    private static SamplingParams greedy() {
        return SamplingParams.greedy(100);
    }

    private static Sequence sequence(String id, int firstToken, int length) {
        return sequence(id, firstToken, null, length);
    }

    private static Sequence sequence(String id, int firstToken, @Nullable KvSink sink, int length) {
        return sequence(id, firstToken, ALL, sink, length);
    }

    private static Sequence sequence(
            String id, int firstToken, List<LayerGroup> groups, @Nullable KvSink sink, int length) {
        int[] prompt = tokens(firstToken, length);
        return new Sequence(
                GenerateRequest.of(id, prompt, greedy()), null, List.of(), config(1, 1, 1), groups, sink, s -> {});
    }

    private static Sequence sequence(String id, String salt, SamplingParams sampling, int firstToken, int length) {
        GenerateRequest request = new GenerateRequest(
                id, tokens(firstToken, length), new int[0], sampling, Optional.of(salt), Optional.empty());
        return new Sequence(request, null, List.of(), config(1, 1, 1), ALL, null, s -> {});
    }

    private static int[] tokens(int first, int length) {
        int start = Math.abs(first % 100_000);
        return IntStream.range(start, start + length).toArray();
    }
}
