package io.yuebing.connector;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.api.KvTransferParams;
import io.yuebing.api.ServiceException;
import io.yuebing.engine.BlockReservation;
import io.yuebing.kv.KvTransferType;
import io.yuebing.transfer.TransferClientOptions;
import io.yuebing.transfer.TransferProtocols;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Connections break and flip bits, leases are released, expire and are taken, pushes are aborted or come late, all at
 * random and at once: what is taken is whole, and no write lands in a block that is free or belongs to somebody else.
 */
@Timeout(120)
class LeasesUnderFaultsTest {
    private static final int STEPS = 120;
    private static final int MOST_OPEN = 8;
    private static final int MOST_BLOCKS = 14;

    /** The same seed makes the same decisions; in which order threads meet is not decided. */
    private final long seed =
            Long.getLong("yuebing.seed", ThreadLocalRandom.current().nextInt(1_000_000));

    private final Random random = new Random(seed);
    private final ManualTime time = new ManualTime();
    private final TestCache prefillCache = new TestCache(2000, 11);
    /** Few, so that what one gives back the next one gets. */
    private final TestCache decodeCache = new TestCache(MOST_OPEN * MOST_BLOCKS, 22);

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final AtomicInteger taken = new AtomicInteger();
    private final AtomicInteger notTaken = new AtomicInteger();

    /** A reservation with the prompt that is pushed into it. */
    private record Attempt(KvTransferParams params, Prefill prefill, Future<Optional<BlockReservation>> taken) {}

    /** Those whose blocks are not given back yet. */
    private final List<Attempt> unsettled = new ArrayList<>();

    @Test
    void whatIsTakenIsWholeAndNothingIsWrittenElsewhere() throws Exception {
        List<Attempt> attempts = new ArrayList<>();
        List<Prefill> late = new ArrayList<>();
        try (KvReceiver receiver =
                        KvReceiver.start(decodeCache.cache, decodeCache, KvReceiverOptions.loopback("B"), time);
                FaultyProxy link = new FaultyProxy(receiver.port(), this::fault);
                KvPusher pusher = new KvPusher(
                        prefillCache.cache,
                        TransferProtocols.TCP.transport(TransferClientOptions.DEFAULT, time),
                        new KvPusherOptions("A", 3, Duration.ofMillis(1), 6, 1 << 20, KvTransferType.AUTO),
                        time)) {
            for (int step = 0; step < STEPS; step++) {
                if (decodeCache.free() >= MOST_BLOCKS) {
                    attempts.add(begin(receiver, pusher, link.port()));
                }
                Attempt any = attempts.get(random.nextInt(attempts.size()));
                switch (random.nextInt(8)) {
                    case 0 ->
                        receiver.release(any.params().transferId(), any.params().generation());
                    case 1 -> any.prefill().push.aborted();
                    case 2 -> time.advance(Duration.ofMillis(500L + random.nextInt(3000)));
                    case 3 -> time.advance(Duration.ofSeconds(random.nextInt(5) == 0 ? 61 : 1));
                    case 4 -> {
                        if (any.taken().isDone()) { // so whatever comes now comes too late
                            late.add(new Prefill(prefillCache, pusher, any.params(), step).run());
                        }
                    }
                    default -> someSlicesArrive(receiver, pusher);
                }
                for (Attempt attempt : List.copyOf(unsettled)) {
                    if (attempt.taken().isDone() && random.nextInt(3) == 0) {
                        settle(attempt);
                    }
                }
                assertThat(decodeCache.freeBlocksAreUntouched())
                        .as("free blocks are untouched, seed %d, step %d", seed, step)
                        .isTrue();
            }
            for (Attempt attempt : attempts) {
                receiver.release(attempt.params().transferId(), attempt.params().generation());
                assertThat(attempt.prefill().awaitHold()).isNotNull();
            }
            for (Attempt attempt : List.copyOf(unsettled)) {
                settle(attempt);
            }
            for (Prefill second : late) {
                assertThat(second.awaitHold()).isNotNull();
            }
            assertThat(receiver.reservationStats().open()).as("seed %d", seed).isZero();
            assertThat(pusher.stats().active()).as("seed %d", seed).isZero();
            assertThat(decodeCache.free()).as("free blocks, seed %d", seed).isEqualTo(decodeCache.blocks());
        }
        assertThat(decodeCache.freeBlocksAreUntouched()).as("seed %d", seed).isTrue();
        assertThat(taken).as("prompts that arrived, seed %d", seed).hasPositiveValue();
        assertThat(notTaken).as("prompts that did not, seed %d", seed).hasPositiveValue();
        threads.close();
        prefillCache.close();
        decodeCache.close();
    }

    private Attempt begin(KvReceiver receiver, KvPusher pusher, int port) throws InterruptedException {
        int tokens = 1 + random.nextInt(MOST_BLOCKS * TestCache.BLOCK_SIZE);
        KvTransferParams granted = receiver.reserve(TestCache.prefix(tokens));
        KvTransferParams params = granted.reachedAt(granted.remoteHost(), port);
        Prefill prefill = new Prefill(prefillCache, pusher, params, random.nextInt());
        threads.submit(prefill::run);
        Attempt attempt = new Attempt(params, prefill, threads.submit(() -> take(receiver, params, prefill)));
        unsettled.add(attempt);
        return attempt;
    }

    private Optional<BlockReservation> take(KvReceiver receiver, KvTransferParams params, Prefill prefill)
            throws InterruptedException {
        try {
            BlockReservation blocks = receiver.take(params.forDecode());
            requireWhole(prefill, blocks, "when taken");
            taken.incrementAndGet();
            return Optional.of(blocks);
        } catch (ServiceException ended) {
            notTaken.incrementAndGet();
            return Optional.empty();
        }
    }

    /** Looks whether something was written after the blocks were taken, and gives them back. */
    private void settle(Attempt attempt) throws Exception {
        Optional<BlockReservation> blocks = attempt.taken().get(30, TimeUnit.SECONDS);
        if (blocks.isPresent()) {
            requireWhole(attempt.prefill(), blocks.get(), "before they are given back");
            blocks.get().close();
        }
        unsettled.remove(attempt);
    }

    private void requireWhole(Prefill prefill, BlockReservation blocks, String when) {
        assertThat(prefillCache.sameContent(prefill.blocks, decodeCache, blocks.blockIds()))
                .as("blocks of a taken prompt %s, seed %d", when, seed)
                .isTrue();
    }

    private void someSlicesArrive(KvReceiver receiver, KvPusher pusher) {
        long wanted = receiver.serverStats().slicesReceived() + random.nextInt(20);
        Eventually.holds("slices arrive or all pushes end, seed " + seed, () -> {
            time.advance(Duration.ofMillis(1));
            return receiver.serverStats().slicesReceived() >= wanted
                    || pusher.stats().active() == 0;
        });
    }

    /** Now and then a connection ends, or a bit flips. */
    private int fault(int connection, long offset, byte[] bytes, int length) {
        ThreadLocalRandom chance = ThreadLocalRandom.current();
        int dice = chance.nextInt(120);
        if (offset > 500 && dice == 0) {
            return chance.nextInt(length);
        }
        if (offset > 500 && dice < 3) {
            bytes[chance.nextInt(length)] ^= (byte) (1 << chance.nextInt(8));
        }
        return length;
    }
}
