package io.yuebing.connector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.KvPull;
import io.yuebing.api.ServiceException;
import io.yuebing.engine.BlockHold;
import io.yuebing.engine.BlockReservation;
import io.yuebing.kv.ElementType;
import io.yuebing.kv.KvTransferType;
import io.yuebing.transfer.IncomingSlice;
import io.yuebing.transfer.ReadGuard;
import io.yuebing.transfer.TransferClientOptions;
import io.yuebing.transfer.TransferProtocols;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A node that keeps prompts, a node that pulls them. */
@Timeout(60)
class KvPullTest {
    private final ManualTime time = new ManualTime();
    private final TestCache keeping = new TestCache(200, 11);
    private final TestCache pulling = new TestCache(300, 22);
    private KvReceiver keeper;
    private KvPuller puller;

    @BeforeEach
    void start() {
        keeper = keeper();
        puller = puller(pulling, KvTransferType.AUTO);
    }

    private KvReceiver keeper() {
        return keeper(keeping, KvTransferType.AUTO);
    }

    private KvReceiver keeper(TestCache cache, KvTransferType type) {
        return KvReceiver.start(
                cache.cache, cache, KvReceiverOptions.loopback("prefill node A").withTransferType(type), time);
    }

    private KvPuller puller(TestCache cache, KvTransferType type) {
        return new KvPuller(
                cache.cache,
                TransferProtocols.TCP.transport(TransferClientOptions.DEFAULT, time),
                new KvPusherOptions("decode node B", 2, Duration.ofMillis(1), 3, 1 << 20, type));
    }

    @AfterEach
    void nothingLeaks() {
        puller.close();
        keeper.close();
        assertThat(keeping.free()).isEqualTo(keeping.blocks());
        assertThat(pulling.free()).isEqualTo(pulling.blocks());
        assertThat(pulling.freeBlocksAreUntouched()).isTrue();
        keeping.close();
        pulling.close();
    }

    /** A computed prompt and who was told that its blocks are free. */
    private final class Kept {
        final int[] blocks;
        final AtomicBoolean free = new AtomicBoolean();
        final KvPull where;

        Kept(String name, int count, long seed) {
            blocks = keeping.take(count);
            for (int layer = 0; layer < TestCache.LAYERS; layer++) {
                for (int block : blocks) {
                    keeping.compute(layer, block, seed + block);
                }
            }
            where = kept(name, keeping, blocks, free);
        }
    }

    private KvPull kept(String name, TestCache cache, int[] blocks, AtomicBoolean free) {
        KeptPrompt prompt = keeper.keep(name, "127.0.0.1", keeper.port());
        prompt.promptWritten(new BlockHold(blocks, blocks.length * TestCache.BLOCK_SIZE, _ -> {
            free.set(true);
            cache.giveBack(blocks);
        }));
        return prompt.kept().orElseThrow();
    }

    private BlockReservation reserve(int blocks) {
        return pulling.reserve(TestCache.prefix(blocks * TestCache.BLOCK_SIZE), Duration.ZERO);
    }

    private void refused(KvPull source, String sentence) {
        try (BlockReservation into = reserve(5)) {
            assertThatThrownBy(() -> puller.pull(source, into))
                    .isInstanceOf(ServiceException.class)
                    .hasMessageContaining(sentence);
        }
    }

    @Test
    void promptsArriveWholeAndTheirBlocksAreGivenBack() throws Exception {
        for (int seed = 0; seed < 20; seed++) {
            Kept kept = new Kept("prompt-" + seed, 1 + new Random(seed).nextInt(60), seed);
            try (BlockReservation into = reserve(kept.blocks.length)) {
                puller.pull(kept.where, into);
                assertThat(keeping.sameContent(kept.blocks, pulling, into.blockIds()))
                        .as("seed %d", seed)
                        .isTrue();
            }
            assertThat(keeper.leaseStats().bytes()).isPositive();
            puller.release(kept.where);
            Eventually.holds("released", kept.free::get);
        }
        assertThat(keeper.leaseStats().released()).isEqualTo(20);
        assertThat(puller.stats().bytes()).isEqualTo(keeper.serverStats().bytesRead());
        assertThat(puller.traffic().values())
                .allSatisfy(counted ->
                        assertThat(counted.received()).isEqualTo(puller.stats().bytes()));
    }

    @Test
    void blocksThatAreHereAlreadyAreNotPulled() throws Exception {
        Kept kept = new Kept("prompt", 9, 1);
        pulling.cached(7);
        try (BlockReservation into = reserve(9)) {
            puller.pull(kept.where, into);
            assertThat(pulling.isUntouched(into.blockIds()[6])).isTrue();
            assertThat(pulling.isUntouched(into.blockIds()[7])).isFalse();
        }
        long block = TestCache.LAYERS * (long) keeping.cache.layout().blockBytes();
        assertThat(puller.stats().bytes()).isEqualTo(2 * block);
        assertThat(puller.stats().reusedBytes()).isEqualTo(7 * block);
    }

    @Test
    void promptsArePulledAsCodesIfBothNodesSaySo() throws Exception {
        puller.close();
        keeper.close();
        keeper = keeper(keeping, KvTransferType.INT8);
        puller = puller(pulling, KvTransferType.INT8);
        int[] blocks = keeping.take(25);
        for (int block : blocks) {
            keeping.fillWithNumbers(block, block);
        }
        AtomicBoolean free = new AtomicBoolean();
        KvPull where = kept("prompt", keeping, blocks, free);
        pulling.cached(3);
        try (BlockReservation into = reserve(25)) {
            puller.pull(where, into);
            assertThat(pulling.isUntouched(into.blockIds()[2])).isTrue();
            for (int i = 3; i < blocks.length; i++) {
                keeping.assertRounded(blocks[i], pulling, into.blockIds()[i]);
            }
        }
        long codes = 22L * TestCache.LAYERS * 2 * 2 * TestCache.BLOCK_SIZE * (8 + 4);
        assertThat(puller.stats().bytes()).isEqualTo(codes);
        assertThat(puller.conversions().bytes(KvConversions.Reason.INT8)).isEqualTo(codes);
        assertThat(keeper.serverStats().bytesRead()).isEqualTo(codes);
        assertThat(keeper.conversions().bytes(KvConversions.Reason.INT8)).isEqualTo(codes);
        puller.release(where);
        Eventually.holds("released", free::get);
    }

    @Test
    void narrowerElementsArePulledIntoWiderOnesExactly() throws Exception {
        try (TestCache halves = new TestCache(100, 33, ElementType.BF16)) {
            keeper.close();
            keeper = keeper(halves, KvTransferType.AUTO);
            int[] blocks = halves.take(20);
            for (int block : blocks) {
                halves.fillWithHalves(block, block);
            }
            AtomicBoolean free = new AtomicBoolean();
            KvPull where = kept("prompt", halves, blocks, free);
            try (BlockReservation into = reserve(20)) {
                puller.pull(where, into);
                halves.assertWidened(blocks, pulling, into.blockIds());
            }
            assertThat(puller.conversions().bytes(KvConversions.Reason.ELEMENT_TYPE))
                    .isEqualTo(puller.stats().bytes())
                    .isEqualTo(20 * TestCache.LAYERS * halves.cache.layout().blockBytes());
            puller.release(where);
            Eventually.holds("released", free::get);
            keeper.close();
        }
    }

    @Test
    void widerElementsAreNotPulledIntoNarrowerOnes() throws Exception {
        try (TestCache halves = new TestCache(100, 33, ElementType.BF16);
                KvPuller narrow = puller(halves, KvTransferType.AUTO);
                BlockReservation into = halves.reserve(TestCache.prefix(5 * TestCache.BLOCK_SIZE), Duration.ZERO)) {
            Kept kept = new Kept("prompt", 5, 1);
            assertThatThrownBy(() -> narrow.pull(kept.where, into))
                    .hasMessageEndingWith(
                            "KV layouts differ between prefill node A and decode node B: element type: f32"
                                    + " here, bf16 there; start both with the same --kv-dtype, or the decode node with f32, to"
                                    + " which f16 and bf16 widen exactly");
            puller.release(kept.where);
            Eventually.holds("released", kept.free::get);
        }
    }

    @Test
    void anExpiredPromptIsRefusedAndEachReadMovesTheDeadlineOn() throws Exception {
        Kept kept = new Kept("prompt", 5, 1);
        for (int i = 0; i < 3; i++) {
            time.advance(Duration.ofSeconds(50));
            try (BlockReservation into = reserve(5)) {
                puller.pull(kept.where, into);
            }
        }
        time.advance(Duration.ofSeconds(61));
        // the keeper's thread ends the last read after its data has come
        Eventually.holds("the blocks are given back", kept.free::get);
        assertThat(keeper.leaseStats().expired()).isEqualTo(1);
        refused(kept.where, "expired before it was pulled");
    }

    @Test
    void whatIsNotKeptIsRefusedInOneSentence() {
        Kept kept = new Kept("prompt", 5, 1);
        KvPull where = kept.where;
        refused(
                new KvPull("another", where.requestId(), where.host(), where.port(), where.blockIds(), 1),
                "the node there is engine prefill node A, remote_engine_id says another; it may have been restarted");
        refused(
                new KvPull(where.engineId(), "nobody", where.host(), where.port(), where.blockIds(), 1),
                "there is no kept prompt");
        int[] foreign = keeping.take(5);
        refused(
                new KvPull(where.engineId(), where.requestId(), where.host(), where.port(), boxed(foreign), 1),
                "are not one block of the kept prompt");
        keeping.giveBack(foreign);
        refused(
                new KvPull(where.engineId(), where.requestId(), where.host(), where.port(), List.of(1, 2), 1),
                "remote_block_ids has 2 blocks, this prompt needs 5");
        refused(
                new KvPull(
                        where.engineId(),
                        where.requestId(),
                        where.host(),
                        where.port(),
                        List.of(1 << 20, 2, 3, 4, 5),
                        1),
                "leaves the segment");
        puller.release(where);
        Eventually.holds("released", kept.free::get);
        refused(where, "was given up by the node that pulled it");
        assertThat(puller.stats().failed()).isEqualTo(6);
    }

    @Test
    void aKeeperThatIsGoneIsToldInOneSentence() {
        Kept kept = new Kept("prompt", 5, 1);
        keeper.close();
        refused(kept.where, "could not be pulled from 127.0.0.1:" + kept.where.port());
        puller.release(kept.where);
        assertThat(puller.stats().failedReleases()).isEqualTo(1);
        keeper = keeper();
    }

    @Test
    void blocksAreGivenBackOnlyWhenTheLastReadIsOver() {
        KvLeases leases = new KvLeases(
                new TravellingBlocks(keeping.cache.layout(), KvTransferType.AUTO, new KvConversions()),
                time,
                Duration.ofSeconds(1));
        int[] blocks = keeping.take(2);
        AtomicBoolean free = new AtomicBoolean();
        leases.open(KeptPrompt.ticket("a"), new BlockHold(blocks, 8, _ -> {
            free.set(true);
            keeping.giveBack(blocks);
        }));
        IncomingSlice slice = new IncomingSlice(
                KeptPrompt.ticket("a"), 0, keeping.cache.layout().blockOffset(1, blocks[0]), (int)
                        keeping.cache.layout().blockBytes());
        ReadGuard.Granted read = (ReadGuard.Granted) leases.open(slice, keeping.cache.memory());
        assertThat(leases.release(KeptPrompt.ticket("a"))).isTrue();
        assertThat(leases.open(slice, keeping.cache.memory())).isInstanceOf(ReadGuard.Refused.class);
        assertThat(free).isFalse();
        read.end().run();
        assertThat(free).isTrue();
        leases.close();
    }

    @Test
    void whoeverComesFirstToARendezvousTheOtherIsFound() throws Exception {
        Rendezvous rendezvous = new Rendezvous();
        KvPull where = new KvPull("e", "r", "h", 1, List.of(1), 1);
        assertThat(rendezvous.await("early", Duration.ofMillis(1))).isEmpty();
        rendezvous.kept("early", where);
        assertThat(rendezvous.await("early", Duration.ZERO)).contains(where);
        rendezvous.failed("late", new ServiceException(ErrorCode.UNAVAILABLE, "no"));
        assertThatThrownBy(() -> rendezvous.await("late", Duration.ZERO)).hasMessage("no");
        rendezvous.kept("late", where);
        assertThat(rendezvous.await("late", Duration.ZERO))
                .as("another attempt")
                .contains(where);
    }

    private static List<Integer> boxed(int[] ids) {
        return Arrays.stream(ids).boxed().toList();
    }
}
