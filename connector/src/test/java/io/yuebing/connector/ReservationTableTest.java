package io.yuebing.connector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.ServiceException;
import io.yuebing.connector.ReservationTable.Lease;
import io.yuebing.engine.BlockReservation;
import io.yuebing.kv.KvLayout;
import io.yuebing.kv.KvTransferType;
import io.yuebing.transfer.IncomingSlice;
import io.yuebing.transfer.Payload;
import io.yuebing.transfer.Refusal;
import io.yuebing.transfer.RefusalCode;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ReservationTableTest {
    private static final Duration LEASE = Duration.ofSeconds(30);

    private final ManualTime time = new ManualTime();
    private final TestCache decode = new TestCache(64, 1);
    private final KvLayout layout = decode.cache.layout();
    private final ReservationTable table =
            new ReservationTable(new TravellingBlocks(layout, KvTransferType.AUTO, new KvConversions()), time, 16);
    private final byte[] payload = new byte[(int) layout.blockBytes()];

    @AfterEach
    void nothingLeaks() {
        table.close();
        decode.close();
    }

    private record Opened(Lease lease, int[] blocks) {}

    private Opened open(int blocks) {
        BlockReservation reservation = decode.reserve(TestCache.prefix(blocks * TestCache.BLOCK_SIZE), LEASE);
        return new Opened(table.open(reservation, blocks, LEASE), reservation.blockIds());
    }

    private Optional<RefusalCode> write(Lease lease, int layer, int block) {
        return write(lease.id(), lease.generation(), layout.blockOffset(layer, block), payload.length);
    }

    private Optional<RefusalCode> write(UUID id, long generation, long offset, int length) {
        return table.apply(
                        new IncomingSlice(id, generation, offset, length),
                        Payload.of(MemorySegment.ofArray(new byte[length])),
                        decode.cache.memory())
                .map(Refusal::code);
    }

    private void writeAll(Opened opened) {
        for (int layer = 0; layer < TestCache.LAYERS; layer++) {
            for (int block : opened.blocks) {
                assertThat(write(opened.lease, layer, block)).isEmpty();
            }
        }
    }

    private CompletableFuture<BlockReservation> taking(Lease lease) {
        CompletableFuture<BlockReservation> taken = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                taken.complete(table.take(lease.id(), lease.generation()));
            } catch (Exception e) {
                taken.completeExceptionally(e);
            }
        });
        return taken;
    }

    @Test
    void blocksAreHandedOverWhenTheLastSliceHasArrived() throws Exception {
        Opened opened = open(5);
        CompletableFuture<BlockReservation> taken = taking(opened.lease);
        assertThat(taken).isNotDone();
        writeAll(opened);
        try (BlockReservation blocks = taken.get(20, TimeUnit.SECONDS)) {
            assertThat(blocks.blockIds()).isEqualTo(opened.blocks);
            assertThat(table.stats().open()).isZero();
            assertThat(decode.free()).isEqualTo(59);
        }
        assertThat(decode.free()).isEqualTo(64);
    }

    @Test
    void repeatedSlicesCountOnceAndAreAcceptedEvenAfterTheBlocksWereTaken() throws Exception {
        Opened opened = open(2);
        for (int i = 0; i < TestCache.LAYERS * 2; i++) {
            assertThat(write(opened.lease, 0, opened.blocks[0])).isEmpty();
        }
        CompletableFuture<BlockReservation> taken = taking(opened.lease);
        assertThat(taken).isNotDone();
        writeAll(opened);
        try (BlockReservation blocks = taken.get(20, TimeUnit.SECONDS)) {
            decode.cache.block(0, blocks.blockIds()[0]).fill((byte) 9);
            assertThat(write(opened.lease, 0, opened.blocks[0])).isEmpty();
            assertThat(decode.cache.block(0, opened.blocks[0]).get(java.lang.foreign.ValueLayout.JAVA_BYTE, 0))
                    .as("a repetition after the take writes nothing")
                    .isEqualTo((byte) 9);
        }
    }

    @Test
    void aTakenReservationCannotBeTakenAgain() throws Exception {
        Opened opened = open(1);
        writeAll(opened);
        table.take(opened.lease.id(), opened.lease.generation()).close();
        assertThatThrownBy(() -> table.take(opened.lease.id(), opened.lease.generation()))
                .hasMessage("KV reservation " + opened.lease.id()
                        + " was taken by another request; send the request again");
    }

    @Test
    void aWriteWithAnotherGenerationIsRefused() {
        Opened opened = open(1);
        long offset = layout.blockOffset(0, opened.blocks[0]);
        assertThat(write(opened.lease.id(), opened.lease.generation() - 1, offset, payload.length))
                .contains(RefusalCode.WRONG_GENERATION);
        assertThat(write(UUID.randomUUID(), opened.lease.generation(), offset, payload.length))
                .contains(RefusalCode.UNKNOWN_TICKET);
        assertThat(table.stats().refusedWrites()).isEqualTo(2);
    }

    @Test
    void generationsRise() {
        long first = open(1).lease.generation();
        assertThat(open(1).lease.generation()).isGreaterThan(first);
    }

    @Test
    void onlyWholeBlocksOfTheReservationMayBeWritten() {
        Opened opened = open(3);
        List<Long> allowed = new ArrayList<>();
        for (int layer = 0; layer < TestCache.LAYERS; layer++) {
            for (int block : opened.blocks) {
                allowed.add(layout.blockOffset(layer, block));
            }
        }
        for (int seed = 0; seed < 5000; seed++) {
            Random random = new Random(seed);
            int length = random.nextInt(4) == 0 ? 1 + random.nextInt(2 * payload.length) : payload.length;
            long offset = switch (random.nextInt(3)) {
                case 0 -> random.nextLong(layout.byteSize());
                case 1 -> layout.blockOffset(random.nextInt(TestCache.LAYERS), random.nextInt(decode.blocks()));
                default -> allowed.get(random.nextInt(allowed.size())) + random.nextInt(3) - 1;
            };
            boolean expected = length == payload.length && allowed.contains(offset);
            assertThat(write(opened.lease.id(), opened.lease.generation(), offset, length))
                    .as("seed %d: %d bytes at %d", seed, length, offset)
                    .isEqualTo(expected ? Optional.empty() : Optional.of(RefusalCode.OUTSIDE_RESERVATION));
        }
        assertThat(decode.freeBlocksAreUntouched()).isTrue();
    }

    @Test
    void aReleasedReservationTakesNoMoreWritesAndFreesItsBlocksOnce() {
        Opened opened = open(4);
        assertThat(write(opened.lease, 0, opened.blocks[0])).isEmpty();
        assertThat(table.release(opened.lease.id(), opened.lease.generation() + 1))
                .isFalse();
        assertThat(table.release(opened.lease.id(), opened.lease.generation())).isTrue();
        assertThat(table.release(opened.lease.id(), opened.lease.generation())).isFalse();
        assertThat(write(opened.lease, 0, opened.blocks[1])).contains(RefusalCode.RELEASED);
        assertThat(decode.free()).isEqualTo(64);
        assertThat(decode.freeBlocksAreUntouched()).isTrue();
    }

    @Test
    void releaseEndsTheWaitOfTake() {
        Opened opened = open(2);
        CompletableFuture<BlockReservation> taken = taking(opened.lease);
        assertThat(write(opened.lease, 1, opened.blocks[1])).isEmpty();
        table.dropped(opened.lease.id(), opened.lease.generation());
        assertThatThrownBy(() -> taken.get(20, TimeUnit.SECONDS))
                .cause()
                .isInstanceOf(ServiceException.class)
                .hasMessageStartingWith("KV reservation " + opened.lease.id() + " was released");
    }

    @Test
    void theDeadlineFreesBlocksWhetherOrNotTheyAreComplete() {
        Opened incomplete = open(2);
        Opened complete = open(3);
        writeAll(complete);
        CompletableFuture<BlockReservation> taken = taking(incomplete.lease);
        time.advance(LEASE.minusMillis(1));
        assertThat(table.stats().open()).isEqualTo(2);
        assertThat(table.stats().oldestLeaseSeconds()).isEqualTo(29.999);
        time.advance(Duration.ofMillis(1));
        assertThat(table.stats().open()).isZero();
        assertThat(table.stats().expired()).isEqualTo(2);
        assertThat(decode.free()).isEqualTo(64);
        assertThat(write(complete.lease, 0, complete.blocks[0])).contains(RefusalCode.EXPIRED);
        assertThat(decode.freeBlocksAreUntouched()).isTrue();
        assertThatThrownBy(() -> taken.get(20, TimeUnit.SECONDS))
                .cause()
                .isInstanceOfSatisfying(
                        ServiceException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNAVAILABLE))
                .hasMessageContaining("expired");
    }

    @Test
    void anInterruptedTakeLeavesTheReservationAsItIs() throws Exception {
        Opened opened = open(1);
        CountDownLatch interrupted = new CountDownLatch(1);
        Thread taker = Thread.ofVirtual().start(() -> {
            try {
                table.take(opened.lease.id(), opened.lease.generation());
            } catch (InterruptedException e) {
                interrupted.countDown();
            }
        });
        taker.interrupt();
        assertThat(interrupted.await(20, TimeUnit.SECONDS)).isTrue();
        writeAll(opened);
        table.take(opened.lease.id(), opened.lease.generation()).close();
    }

    @Test
    void aFullTableRefusesAndLeavesTheBlocksWithTheCaller() {
        for (int i = 0; i < 16; i++) {
            open(1);
        }
        try (BlockReservation blocks = decode.reserve(TestCache.prefix(1), LEASE)) {
            assertThatThrownBy(() -> table.open(blocks, 1, LEASE))
                    .isInstanceOfSatisfying(
                            ServiceException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OVERLOADED));
        }
        table.close();
        assertThat(decode.free()).isEqualTo(64);
    }

    @Test
    void aWriteLandsBeforeTheReleaseOrIsRefused() throws Exception {
        for (int seed = 0; seed < 200; seed++) {
            Opened opened = open(8);
            CountDownLatch start = new CountDownLatch(1);
            List<Thread> writers = new ArrayList<>();
            for (int writer = 0; writer < 3; writer++) {
                Random random = new Random(seed * 10L + writer);
                writers.add(Thread.ofPlatform().start(() -> {
                    awaitQuietly(start);
                    for (int i = 0; i < 60; i++) {
                        write(opened.lease, random.nextInt(TestCache.LAYERS), opened.blocks[random.nextInt(8)]);
                    }
                }));
            }
            start.countDown();
            Thread.yield();
            boolean released = table.release(opened.lease.id(), opened.lease.generation());
            for (Thread writer : writers) {
                writer.join();
            }
            assertThat(released).isTrue();
            assertThat(decode.freeBlocksAreUntouched()).as("seed %d", seed).isTrue();
        }
        assertThat(decode.free()).isEqualTo(64);
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
