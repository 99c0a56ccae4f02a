package io.yuebing.connector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.KvTransferParams;
import io.yuebing.api.ServiceException;
import io.yuebing.api.UserError;
import io.yuebing.engine.BlockHold;
import io.yuebing.engine.BlockReservation;
import io.yuebing.kv.ElementType;
import io.yuebing.kv.KvTransferType;
import io.yuebing.transfer.PeerTraffic;
import io.yuebing.transfer.TransferClientOptions;
import io.yuebing.transfer.TransferProtocols;
import io.yuebing.transfer.TransferSecurity;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A prefill node's cache, a decode node's cache and everything between them. */
@Timeout(120)
class KvTransferTest {
    private final ManualTime time = new ManualTime();
    private final TestCache prefillCache = new TestCache(700, 11);
    private final TestCache decodeCache = new TestCache(900, 22);
    private final List<AutoCloseable> open = new ArrayList<>();
    private KvReceiver receiver;
    private KvPusher pusher;

    @BeforeEach
    void start() {
        receiver = KvReceiver.start(decodeCache.cache, decodeCache, KvReceiverOptions.loopback("decode node B"), time);
        pusher = pusher(prefillCache);
        open.add(receiver);
    }

    private KvPusher pusher(TestCache cache) {
        return pusher(cache, KvTransferType.AUTO);
    }

    private KvPusher pusher(TestCache cache, KvTransferType type) {
        KvPusher started = new KvPusher(
                cache.cache,
                TransferProtocols.TCP.transport(TransferClientOptions.DEFAULT, time),
                new KvPusherOptions("prefill node A", 3, Duration.ofMillis(1), 4, 1 << 20, type),
                time);
        open.add(started);
        return started;
    }

    @AfterEach
    void nothingLeaks() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
        assertThat(pusher.stats().active()).isZero();
        assertThat(receiver.reservationStats().open()).isZero();
        assertThat(decodeCache.freeBlocksAreUntouched()).isTrue();
        prefillCache.close();
        decodeCache.close();
    }

    private static KvTransferParams via(KvTransferParams params, int port) {
        return params.reachedAt(params.remoteHost(), port);
    }

    private FaultyProxy proxy(FaultyProxy.Fault fault) throws Exception {
        FaultyProxy proxy = new FaultyProxy(receiver.port(), fault);
        open.add(proxy);
        return proxy;
    }

    private void arrived(Prefill prefill, KvTransferParams params) throws Exception {
        assertThat(prefill.awaitHold()).isEmpty();
        assertThat(prefill.push.failure()).isEmpty();
        try (BlockReservation blocks = receiver.take(params.forDecode())) {
            assertThat(prefillCache.sameContent(prefill.blocks, decodeCache, blocks.blockIds()))
                    .isTrue();
        }
        prefillCache.giveBack(prefill.blocks);
    }

    private static PeerTraffic.Bytes sent(long bytes) {
        return new PeerTraffic.Bytes(0, bytes);
    }

    private static PeerTraffic.Bytes received(long bytes) {
        return new PeerTraffic.Bytes(bytes, 0);
    }

    private ServiceException failedAndGaveUp(Prefill prefill, KvTransferParams params) throws Exception {
        ServiceException failure = prefill.failed.get(30, TimeUnit.SECONDS);
        assertThat(prefill.push.failure()).contains(failure);
        assertThat(failure.code()).isEqualTo(ErrorCode.BAD_GATEWAY);
        assertThat(failure)
                .hasMessageStartingWith(
                        "the KV cache of transfer " + params.transferId() + " could not be delivered: ");
        assertThat(prefill.awaitHold()).contains(failure);
        return failure;
    }

    @Test
    void promptsArriveBlockByBlockWhateverTheMapsAndChunks() throws Exception {
        for (int seed = 0; seed < 30; seed++) {
            int tokens = 1 + new Random(seed).nextInt(300);
            KvTransferParams params = receiver.reserve(TestCache.prefix(tokens));
            assertThat(params.remoteBlockIds()).hasSize(Math.ceilDiv(tokens, TestCache.BLOCK_SIZE));
            arrived(new Prefill(prefillCache, pusher, params, seed).run(), params);
        }
        assertThat(decodeCache.free()).isEqualTo(decodeCache.blocks());
        KvPusherStats stats = pusher.stats();
        assertThat(stats.completed()).isEqualTo(30);
        assertThat(stats.slices()).isEqualTo(receiver.serverStats().slicesReceived());
        assertThat(stats.bytes()).isEqualTo(receiver.serverStats().bytesReceived());
        assertThat(stats.bytesWaitingRelease()).isZero();
        assertThat(pusher.traffic()).containsExactly(Map.entry("127.0.0.1:" + receiver.port(), sent(stats.bytes())));
        assertThat(receiver.traffic()).containsExactly(Map.entry("127.0.0.1", received(stats.bytes())));
        assertThat(receiver.serverStats().connections())
                .as("one session for all")
                .isEqualTo(1);
    }

    @Test
    void blocksThatTheDecodeNodeHasAreNeitherSentNorWrittenTo() throws Exception {
        decodeCache.cached(3);
        KvTransferParams params = receiver.reserve(TestCache.prefix(20));
        assertThat(params.cachedBlocks()).isEqualTo(3);
        Prefill prefill = new Prefill(prefillCache, pusher, params, 5).run();
        assertThat(prefill.awaitHold()).isEmpty();
        try (BlockReservation blocks = receiver.take(params.forDecode())) {
            assertThat(prefillCache.sameContent(last(prefill.blocks, 2), decodeCache, last(blocks.blockIds(), 2)))
                    .isTrue();
            for (int i = 0; i < 3; i++) {
                assertThat(decodeCache.isUntouched(blocks.blockIds()[i])).isTrue();
            }
        }
        long block = (long) TestCache.LAYERS * prefillCache.cache.layout().blockBytes();
        assertThat(pusher.stats().bytes()).isEqualTo(2 * block);
        assertThat(pusher.stats().reusedBytes()).isEqualTo(3 * block);
        prefillCache.giveBack(prefill.blocks);
    }

    private static int[] last(int[] blocks, int count) {
        return Arrays.copyOfRange(blocks, blocks.length - count, blocks.length);
    }

    @Test
    void aWriteToABlockThatTheDecodeNodeHasIsRefused() throws Exception {
        decodeCache.cached(3);
        KvTransferParams params = receiver.reserve(TestCache.prefix(20));
        KvTransferParams everything = new KvTransferParams(
                true,
                false,
                params.transferId(),
                params.generation(),
                params.remoteHost(),
                params.remotePort(),
                params.remoteBlockIds(),
                0,
                params.deadlineMillis());
        Prefill prefill = new Prefill(prefillCache, pusher, everything, 5).run();
        assertThat(failedAndGaveUp(prefill, params)).hasMessageContaining("are not one block of reservation");
    }

    @Test
    void aPromptThatTheDecodeNodeHasAlreadyIsCompleteAtOnce() throws Exception {
        decodeCache.cached(5);
        KvTransferParams params = receiver.reserve(TestCache.prefix(20));
        receiver.take(params.forDecode()).close();
    }

    @Test
    void thirtyTwoPushesAtOnceDoNotMixTheirBlocks() throws Exception {
        List<KvTransferParams> targets = new ArrayList<>();
        List<Prefill> prefills = new ArrayList<>();
        for (int i = 0; i < 32; i++) {
            targets.add(receiver.reserve(TestCache.prefix(40 + i)));
            prefills.add(new Prefill(prefillCache, pusher, targets.get(i), i));
        }
        List<Thread> engines = prefills.stream()
                .map(each -> Thread.ofVirtual().start(each::run))
                .toList();
        for (Thread engine : engines) {
            engine.join();
        }
        for (int i = 0; i < 32; i++) {
            arrived(prefills.get(i), targets.get(i));
        }
        assertThat(decodeCache.free()).isEqualTo(decodeCache.blocks());
    }

    @Test
    void blocksTravelWhileThePromptIsStillComputed() throws Exception {
        KvTransferParams params = receiver.reserve(TestCache.prefix(40));
        Prefill prefill = new Prefill(prefillCache, pusher, params, 1);
        prefill.compute(0, 4);
        Eventually.holds(
                "the first blocks arrive", () -> receiver.serverStats().slicesReceived() == 4 * TestCache.LAYERS);
        assertThat(prefill.holdEnded).isNotDone();
        prefill.compute(4, 10);
        prefill.finish();
        arrived(prefill, params);
    }

    @Test
    void aConnectionCutInTheMiddleIsReplacedAndNothingIsMissing() throws Exception {
        for (int seed = 0; seed < 15; seed++) {
            long cut = 600 + new Random(seed).nextInt(60_000);
            FaultyProxy proxy = proxy((connection, offset, _, length) ->
                    connection < 2 && offset + length > cut ? (int) Math.max(0, cut - offset) : length);
            KvTransferParams params = receiver.reserve(TestCache.prefix(150));
            arrived(new Prefill(prefillCache, pusher, via(params, proxy.port()), seed).run(), params);
            assertThat(proxy.connections()).as("seed %d", seed).isBetween(1, 3);
        }
        assertThat(pusher.stats().retries()).isPositive();
        assertThat(decodeCache.free()).isEqualTo(decodeCache.blocks());
    }

    @Test
    void flippedBitsAreFoundAndSentAgain() throws Exception {
        for (int seed = 0; seed < 20; seed++) {
            Random random = new Random(seed);
            long flipped = 2000 + random.nextInt(50_000); // any byte after the handshake, headers included
            AtomicBoolean done = new AtomicBoolean();
            FaultyProxy proxy = proxy((_, offset, bytes, length) -> {
                if (flipped >= offset && flipped < offset + length && done.compareAndSet(false, true)) {
                    bytes[(int) (flipped - offset)] ^= (byte) (1 << random.nextInt(8));
                }
                return length;
            });
            KvTransferParams params = receiver.reserve(TestCache.prefix(150));
            arrived(new Prefill(prefillCache, pusher, via(params, proxy.port()), seed).run(), params);
            assertThat(done).as("seed %d", seed).isTrue();
        }
        assertThat(receiver.serverStats().checksumFailures()).isPositive();
        assertThat(decodeCache.free()).isEqualTo(decodeCache.blocks());
    }

    @Test
    void aConnectionThatDamagesEverythingFailsThePush() throws Exception {
        FaultyProxy proxy = proxy((_, offset, bytes, length) -> {
            for (int i = (int) Math.max(0, 2000 - offset); i < length; i += 50) {
                bytes[i] ^= 1;
            }
            return length;
        });
        KvTransferParams params = receiver.reserve(TestCache.prefix(150));
        Prefill prefill = new Prefill(prefillCache, pusher, via(params, proxy.port()), 1).run();
        failedAndGaveUp(prefill, params);
        assertThat(receiver.release(params.transferId(), params.generation())).isIn(true, false);
        assertThat(decodeCache.free()).isEqualTo(decodeCache.blocks());
    }

    @Test
    void aPushWithAnotherGenerationFails() throws Exception {
        KvTransferParams params = receiver.reserve(TestCache.prefix(20));
        KvTransferParams stale = new KvTransferParams(
                true,
                false,
                params.transferId(),
                params.generation() - 1,
                params.remoteHost(),
                params.remotePort(),
                params.remoteBlockIds(),
                0,
                params.deadlineMillis());
        ServiceException failure = failedAndGaveUp(new Prefill(prefillCache, pusher, stale, 1).run(), params);
        assertThat(failure)
                .hasMessageEndingWith("refused an access: KV reservation " + params.transferId() + " has generation "
                        + params.generation() + ", the write says " + stale.generation());
        assertThat(receiver.reservationStats().open())
                .as("a stale push cannot drop it")
                .isEqualTo(1);
    }

    @Test
    void aPushIntoAReleasedReservationFails() throws Exception {
        KvTransferParams params = receiver.reserve(TestCache.prefix(20));
        Prefill prefill = new Prefill(prefillCache, pusher, params, 1);
        prefill.compute(0, 2);
        assertThat(receiver.release(params.transferId(), params.generation())).isTrue();
        prefill.compute(2, 5);
        prefill.finish();
        assertThat(failedAndGaveUp(prefill, params)).hasMessageEndingWith("was released before the write came");
        assertThat(decodeCache.free()).isEqualTo(decodeCache.blocks());
    }

    @Test
    void theDeadlineEndsBothSides() throws Exception {
        KvTransferParams params = receiver.reserve(TestCache.prefix(20));
        Prefill prefill = new Prefill(prefillCache, pusher, params, 1);
        prefill.compute(0, 2);
        Eventually.holds("the first blocks arrive", () -> pusher.stats().slices() == 6);
        time.advance(Duration.ofMinutes(1));
        assertThat(failedAndGaveUp(prefill, params, true))
                .hasMessageEndingWith("the reservation's deadline passed before every block was acknowledged");
        assertThatThrownBy(() -> receiver.take(params.forDecode())).hasMessageContaining("expired");
        assertThat(decodeCache.free()).isEqualTo(decodeCache.blocks());
    }

    private ServiceException failedAndGaveUp(Prefill prefill, KvTransferParams params, boolean finishLate)
            throws Exception {
        prefill.failed.get(30, TimeUnit.SECONDS);
        if (finishLate) {
            prefill.finish();
        }
        return failedAndGaveUp(prefill, params);
    }

    @Test
    void aDecodeNodeThatTakesNothingInIsGivenUpAtTheDeadline() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        FaultyProxy proxy = proxy((_, offset, _, length) -> {
            if (offset > 0) {
                awaitQuietly(end);
            }
            return length;
        });
        KvTransferParams params = receiver.reserve(TestCache.prefix(100));
        Prefill prefill = new Prefill(prefillCache, pusher, via(params, proxy.port()), 1).run();
        Eventually.holds("given up", () -> {
            time.advance(Duration.ofSeconds(11));
            return prefill.holdEnded.isDone();
        });
        failedAndGaveUp(prefill, params);
        end.countDown();
        // the push may have used up its attempts before: the decode node waits for the lease's own end
        time.advance(Duration.ofMinutes(1));
        assertThat(decodeCache.free()).isEqualTo(decodeCache.blocks());
    }

    @Test
    void anAbortDropsTheReservationThere() throws Exception {
        KvTransferParams params = receiver.reserve(TestCache.prefix(40));
        Prefill prefill = new Prefill(prefillCache, pusher, params, 1);
        prefill.compute(0, 4);
        Eventually.holds("the first blocks arrive", () -> receiver.serverStats().slicesReceived() == 12);
        prefill.push.aborted();
        Eventually.holds("the blocks are free", () -> decodeCache.free() == decodeCache.blocks());
        assertThat(receiver.reservationStats().released()).isEqualTo(1);
        Eventually.holds("the push ends", () -> pusher.stats().aborted() == 1);
        assertThat(prefill.failed).isNotDone();
    }

    @Test
    void anAbortStopsTheReadingOfBlocksAtAnyMoment() throws Exception {
        for (int seed = 0; seed < 40; seed++) {
            Random random = new Random(seed);
            KvTransferParams params = receiver.reserve(TestCache.prefix(200));
            Prefill prefill = new Prefill(prefillCache, pusher, params, seed);
            int until = random.nextInt(prefill.blocks.length);
            for (int i = 0; i < until; i++) {
                prefill.compute(i, i + 1);
            }
            prefill.push.aborted();
            prefillCache.giveBack(prefill.blocks); // overwrites them: whoever still reads sends bytes with a wrong CRC
            prefill.finish();
            assertThat(prefill.awaitHold()).map(ServiceException::code).contains(ErrorCode.UNAVAILABLE);
            assertThat(prefill.push.failure()).as("seed %d", seed).isEmpty();
            receiver.release(params.transferId(), params.generation());
        }
        assertThat(receiver.serverStats().checksumFailures()).isZero();
        assertThat(pusher.stats().aborted()).isEqualTo(40);
        Eventually.holds("all blocks are free", () -> decodeCache.free() == decodeCache.blocks());
    }

    @Test
    void blocksThatTravelAsCodesArriveRoundedByHalfAQuantum() throws Exception {
        receiver.close();
        receiver = KvReceiver.start(
                decodeCache.cache,
                decodeCache,
                KvReceiverOptions.loopback("decode node B").withTransferType(KvTransferType.INT8),
                time);
        open.add(receiver);
        try (KvPusher rounding = pusher(prefillCache, KvTransferType.INT8)) {
            KvTransferParams params = receiver.reserve(TestCache.prefix(100));
            Prefill prefill = new Prefill(prefillCache, rounding, params, 1);
            for (int block : prefill.blocks) {
                prefillCache.fillWithNumbers(block, block);
            }
            for (int layer = 0; layer < TestCache.LAYERS; layer++) {
                prefill.push.layerWritten(layer, prefill.blocks, 0, prefill.blocks.length);
            }
            prefill.finish();
            assertThat(prefill.awaitHold()).isEmpty();
            try (BlockReservation blocks = receiver.take(params.forDecode())) {
                int[] ids = blocks.blockIds();
                for (int i = 0; i < ids.length; i++) {
                    prefillCache.assertRounded(prefill.blocks[i], decodeCache, ids[i]);
                }
            }
            long codes = 25L * TestCache.LAYERS * 2 * 2 * TestCache.BLOCK_SIZE * (8 + 4);
            assertThat(rounding.stats().bytes()).isEqualTo(codes);
            assertThat(receiver.serverStats().bytesReceived()).isEqualTo(codes);
            assertThat(rounding.conversions().bytes(KvConversions.Reason.INT8)).isEqualTo(codes);
            assertThat(receiver.conversions().bytes(KvConversions.Reason.INT8)).isEqualTo(codes);
            assertThat(receiver.conversions().seconds(KvConversions.Reason.INT8))
                    .isPositive();
            prefillCache.giveBack(prefill.blocks);
        }
    }

    @Test
    void oneSideAloneCannotSendCodes() throws Exception {
        try (KvPusher rounding = pusher(prefillCache, KvTransferType.INT8)) {
            KvTransferParams params = receiver.reserve(TestCache.prefix(20));
            ServiceException failure = failedAndGaveUp(new Prefill(prefillCache, rounding, params, 1).run(), params);
            assertThat(failure)
                    .hasMessageEndingWith("KV layouts differ between prefill node A and decode node B: element type on"
                            + " the way: int8 here, f32 there; start both with the same --kv-transfer-dtype");
        }
    }

    @Test
    void elementsArePushedIntoWiderOnesExactly() throws Exception {
        try (TestCache halves = new TestCache(100, 3, ElementType.BF16);
                KvPusher narrow = pusher(halves)) {
            KvTransferParams params = receiver.reserve(TestCache.prefix(80));
            Prefill prefill = new Prefill(halves, narrow, params, 1);
            for (int block : prefill.blocks) {
                halves.fillWithHalves(block, block);
            }
            for (int layer = 0; layer < TestCache.LAYERS; layer++) {
                prefill.push.layerWritten(layer, prefill.blocks, 0, prefill.blocks.length);
            }
            prefill.finish();
            assertThat(prefill.awaitHold()).isEmpty();
            try (BlockReservation blocks = receiver.take(params.forDecode())) {
                halves.assertWidened(prefill.blocks, decodeCache, blocks.blockIds());
            }
            assertThat(narrow.conversions().bytes(KvConversions.Reason.ELEMENT_TYPE))
                    .isEqualTo(narrow.stats().bytes())
                    .isEqualTo(
                            20L * TestCache.LAYERS * decodeCache.cache.layout().blockBytes());
        }
    }

    @Test
    void elementsThatWouldBeRoundedAreRefusedInOneSentence() throws Exception {
        receiver.close();
        try (TestCache halves = new TestCache(100, 3, ElementType.BF16)) {
            receiver = KvReceiver.start(halves.cache, halves, KvReceiverOptions.loopback("decode node B"), time);
            KvTransferParams params = receiver.reserve(TestCache.prefix(20));
            ServiceException failure = failedAndGaveUp(new Prefill(prefillCache, pusher, params, 1).run(), params);
            assertThat(failure)
                    .hasMessageEndingWith("KV layouts differ between prefill node A and decode node B: element type:"
                            + " f32 here, bf16 there; start both with the same --kv-dtype, or the decode node with f32,"
                            + " to which f16 and bf16 widen exactly");
            receiver.close();
        }
    }

    @Test
    void aDecodeNodeThatIsGoneFailsThePushAfterAFewAttempts() throws Exception {
        KvTransferParams params = receiver.reserve(TestCache.prefix(20));
        receiver.close();
        assertThat(failedAndGaveUp(new Prefill(prefillCache, pusher, params, 1).run(), params))
                .hasMessageContaining("cannot connect to the transfer port of 127.0.0.1:" + params.remotePort());
    }

    @Test
    void aDecodeNodeThatComesBackIsReachedAgain() throws Exception {
        KvTransferParams params = receiver.reserve(TestCache.prefix(20));
        arrived(new Prefill(prefillCache, pusher, params, 1).run(), params);
        int port = receiver.port();
        receiver.close();
        KvReceiverOptions defaults = KvReceiverOptions.loopback("decode node B");
        receiver = KvReceiver.start(
                decodeCache.cache,
                decodeCache,
                new KvReceiverOptions(
                        defaults.nodeName(),
                        defaults.engineId(),
                        defaults.bindHost(),
                        port,
                        defaults.advertisedHost(),
                        defaults.lease(),
                        defaults.patience(),
                        defaults.maxReservations(),
                        defaults.protocol(),
                        defaults.security(),
                        defaults.insecure()),
                time);
        open.add(receiver);
        KvTransferParams again = receiver.reserve(TestCache.prefix(20));
        arrived(new Prefill(prefillCache, pusher, again, 2).run(), again);
    }

    @Test
    void aPromptLargerThanItsReservationFails() throws Exception {
        KvTransferParams params = receiver.reserve(TestCache.prefix(8));
        Prefill prefill = new Prefill(prefillCache, pusher, params, 1);
        prefill.push.layerWritten(0, prefillCache.take(3), 0, 3);
        prefill.finish();
        assertThat(failedAndGaveUp(prefill, params))
                .hasMessageEndingWith("the prompt needs block 3, the reservation has 2");
    }

    @Test
    void aPromptSmallerThanItsReservationFailsAtOnce() throws Exception {
        KvTransferParams params = receiver.reserve(TestCache.prefix(20));
        Prefill prefill = new Prefill(prefillCache, pusher, params, 1);
        prefill.compute(0, 4);
        prefill.finish();
        assertThat(failedAndGaveUp(prefill, params))
                .hasMessageEndingWith("the prompt has 12 blocks over all layers, the reservation expects 15; it was"
                        + " made for another prompt");
        Eventually.holds("the blocks are free", () -> decodeCache.free() == decodeCache.blocks());
    }

    @Test
    void closingThePusherFailsEveryPush() throws Exception {
        KvTransferParams params = receiver.reserve(TestCache.prefix(40));
        Prefill prefill = new Prefill(prefillCache, pusher, params, 1);
        prefill.compute(0, 4);
        pusher.close();
        prefill.finish();
        assertThat(failedAndGaveUp(prefill, params)).hasMessageEndingWith("this prefill node is stopping");
        Prefill late = new Prefill(prefillCache, pusher, params, 2);
        late.finish();
        failedAndGaveUp(late, params);
    }

    @Test
    void aListenerThatThrowsDoesNotKeepTheHold() throws Exception {
        KvTransferParams params = receiver.reserve(TestCache.prefix(8));
        receiver.release(params.transferId(), params.generation());
        AtomicInteger told = new AtomicInteger();
        KvPush push = pusher.sink(params, _ -> {
            told.incrementAndGet();
            throw new IllegalStateException("listener");
        });
        int[] blocks = prefillCache.take(2);
        push.layerWritten(0, blocks, 0, 2);
        CountDownLatch closed = new CountDownLatch(1);
        push.promptWritten(new BlockHold(blocks, 8, _ -> closed.countDown()));
        assertThat(closed.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(told).hasValue(1);
    }

    @Test
    void requestsThatCannotBeUsedAreToldSo() {
        assertThatThrownBy(() -> receiver.reserve(TestCache.prefix(0))).hasMessageContaining("at least 1 token, got 0");
        assertThatThrownBy(() -> receiver.release("42", 1))
                .hasMessage("transfer_id must be a UUID as handed out with the reservation, got '42'");
        KvTransferParams nowhere = new KvTransferParams(true, false, "x", 1, "", 0, List.of(1), 0, 1);
        assertThatThrownBy(() -> pusher.sink(nowhere, _ -> {})).isInstanceOf(ServiceException.class);
        assertThatThrownBy(() -> KvReceiver.start(
                        decodeCache.cache,
                        decodeCache,
                        new KvReceiverOptions(
                                "b",
                                "b",
                                "127.0.0.1",
                                receiver.port(),
                                "b",
                                Duration.ZERO,
                                Duration.ZERO,
                                1,
                                TransferProtocols.AUTO,
                                new TransferSecurity.None(),
                                false),
                        time))
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith("cannot listen for transfers on 127.0.0.1:" + receiver.port());
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
