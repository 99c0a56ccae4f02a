package io.yuebing.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.transfer.TransferException.Kind;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class FrameTransferTest {
    private static final UUID TICKET = UUID.fromString("01234567-89ab-cdef-fedc-ba9876543210");
    private static final int SLICE = 4096;
    private static final Duration MINUTE = Duration.ofMinutes(1);

    private final Arena arena = Arena.ofShared();
    private final ManualTime time = new ManualTime();
    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
        arena.close();
    }

    private <T extends AutoCloseable> T closing(T resource) {
        open.add(resource);
        return resource;
    }

    private TransferServer serve(MemorySegment memory, WriteGuard guard, Greeting greeting) throws IOException {
        return closing(TransferProtocols.TCP.serve(
                TransferServerOptions.loopback(SLICE), List.of(new Segment("kv", memory, guard, greeting)), time));
    }

    private TransferSession connect(TransferServer server, Greeting greeting) throws TransferException {
        return connect(server, greeting, TransferClientOptions.DEFAULT);
    }

    private TransferSession connect(TransferServer server, Greeting greeting, TransferClientOptions options)
            throws TransferException {
        Transport transport = closing(TransferProtocols.TCP.transport(options, time));
        return transport.connect(address(server), "kv", greeting);
    }

    private static PeerAddress address(TransferServer server) {
        return new PeerAddress("127.0.0.1", server.address().getPort());
    }

    private SliceWrite slice(long offset, int length) {
        return new SliceWrite(TICKET, 1, offset, arena.allocate(length).fill((byte) 7));
    }

    private static TransferException failure(TransferBatch batch) throws Exception {
        try {
            batch.done().orTimeout(20, TimeUnit.SECONDS).join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof TransferException failure) {
                return failure;
            }
            throw e;
        }
        throw new AssertionError("the batch succeeded");
    }

    @Test
    void bytesLandWhereTheyWereSentTo() throws Exception {
        for (int seed = 0; seed < 20; seed++) {
            Random random = new Random(seed);
            int places = 1 + random.nextInt(300);
            MemorySegment from = arena.allocate((long) places * SLICE);
            MemorySegment to = arena.allocate((long) places * SLICE);
            for (long i = 0; i < from.byteSize(); i++) {
                from.set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt());
            }
            List<Integer> map =
                    new ArrayList<>(IntStream.range(0, places).boxed().toList());
            Collections.shuffle(map, random);
            TransferServer server = serve(to, RecordingGuard.open(), Greetings.of("decode"));
            TransferSession session = connect(server, Greetings.of("prefill"));
            List<SliceWrite> writes = new ArrayList<>();
            int[] lengths = new int[places];
            for (int i = 0; i < places; i++) {
                lengths[i] = 1 + random.nextInt(SLICE);
                writes.add(new SliceWrite(
                        TICKET, 1, (long) map.get(i) * SLICE, from.asSlice((long) i * SLICE, lengths[i])));
            }
            List<TransferBatch> batches = new ArrayList<>();
            for (int i = 0; i < places; ) {
                int next = Math.min(places, i + 1 + random.nextInt(40));
                batches.add(session.submit(writes.subList(i, next), BatchOptions.within(MINUTE)));
                i = next;
            }
            for (TransferBatch batch : batches) {
                batch.done().orTimeout(20, TimeUnit.SECONDS).join();
            }
            for (int i = 0; i < places; i++) {
                assertThat(to.asSlice((long) map.get(i) * SLICE, lengths[i])
                                .mismatch(from.asSlice((long) i * SLICE, lengths[i])))
                        .as("seed %d, slice %d", seed, i)
                        .isEqualTo(-1);
            }
            assertThat(server.stats().slicesReceived()).isEqualTo(places);
            session.close();
        }
    }

    @Test
    void aWriteIsAcknowledgedAfterItIsApplied() throws Exception {
        RecordingGuard guard = RecordingGuard.holding();
        TransferSession session = connect(serve(arena.allocate(SLICE), guard, Greetings.of("d")), Greetings.of("p"));
        TransferBatch batch = session.submit(List.of(slice(0, 100)), BatchOptions.within(MINUTE));
        guard.arrivals.acquire();
        assertThat(batch.done()).isNotDone();
        guard.permits.release();
        batch.done().orTimeout(20, TimeUnit.SECONDS).join();
        assertThat(guard.applied).containsExactly(new IncomingSlice(TICKET, 1, 0, 100));
    }

    @Test
    void bytesInFlightStayWithinTheWindow() throws Exception {
        RecordingGuard guard = RecordingGuard.holding();
        TransferServer server = serve(arena.allocate(SLICE), guard, Greetings.of("d"));
        TransferSession session =
                connect(server, Greetings.of("p"), TransferClientOptions.DEFAULT.withWindowBytes(10_000));
        TransferBatch batch = session.submit(Collections.nCopies(50, slice(0, SLICE)), BatchOptions.within(MINUTE));
        guard.arrivals.acquire();
        assertThat(session.bytesInFlight()).isBetween((long) SLICE, 10_000L);
        guard.permits.release(1000);
        batch.done().orTimeout(20, TimeUnit.SECONDS).join();
        assertThat(session.bytesInFlight()).isZero();
    }

    @Test
    void aRefusalReachesTheWriterAndCostsNobodyElse() throws Exception {
        RecordingGuard guard = RecordingGuard.open();
        guard.verdict = slice -> slice.generation() == 2
                ? Optional.of(new Refusal(RefusalCode.WRONG_GENERATION, "generation 1 expected, 2 found"))
                : Optional.empty();
        TransferSession session = connect(serve(arena.allocate(SLICE), guard, Greetings.of("d")), Greetings.of("p"));
        TransferBatch wrong =
                session.submit(List.of(new SliceWrite(TICKET, 2, 0, arena.allocate(10))), BatchOptions.within(MINUTE));
        TransferBatch right = session.submit(List.of(slice(0, 10)), BatchOptions.within(MINUTE));
        TransferException refusal = failure(wrong);
        assertThat(refusal.refusal()).contains(RefusalCode.WRONG_GENERATION);
        assertThat(refusal.retryable()).isFalse();
        assertThat(refusal).hasMessage(session.peer() + " refused an access: generation 1 expected, 2 found");
        right.done().orTimeout(20, TimeUnit.SECONDS).join();
    }

    @Test
    void aDropIsTold() throws Exception {
        RecordingGuard guard = RecordingGuard.open();
        TransferSession session = connect(serve(arena.allocate(SLICE), guard, Greetings.of("d")), Greetings.of("p"));
        session.drop(TICKET, 1);
        session.submit(List.of(slice(0, 1)), BatchOptions.within(MINUTE))
                .done()
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
        assertThat(guard.dropped).containsExactly(TICKET);
    }

    @Test
    void eitherSideMayRefuseTheOtherAtTheHandshake() throws Exception {
        TransferServer picky = serve(arena.allocate(SLICE), RecordingGuard.open(), Greetings.refusing("D", "stranger"));
        assertThatThrownBy(() -> connect(picky, Greetings.of("stranger")))
                .isInstanceOf(TransferException.class)
                .hasMessage(address(picky) + " refused: D does not talk to stranger");
        assertThatThrownBy(() -> connect(picky, Greetings.refusing("P", "D"))).hasMessage("P does not talk to D");
        assertThat(connect(picky, Greetings.of("friend")).peerHello()).isEqualTo("D".getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void aSegmentThatIsNotOfferedIsNamed() throws Exception {
        TransferServer server = serve(arena.allocate(SLICE), RecordingGuard.open(), Greetings.of("d"));
        Transport transport = closing(TransferProtocols.TCP.transport(TransferClientOptions.DEFAULT, time));
        assertThatThrownBy(() -> transport.connect(address(server), "weights", Greetings.of("p")))
                .hasMessage(address(server) + " refused: there is no segment 'weights' here");
    }

    @Test
    void nobodyListeningIsARetryableSentence() throws Exception {
        TransferServer server = serve(arena.allocate(SLICE), RecordingGuard.open(), Greetings.of("d"));
        server.close();
        assertThatThrownBy(() -> connect(server, Greetings.of("p")))
                .isInstanceOfSatisfying(
                        TransferException.class, e -> assertThat(e.retryable()).isTrue())
                .hasMessageStartingWith("cannot connect to the transfer port of " + address(server));
    }

    @Test
    void slicesBeyondTheSegmentOrTheLimitAreRefusedHere() throws Exception {
        TransferSession session =
                connect(serve(arena.allocate(SLICE), RecordingGuard.open(), Greetings.of("d")), Greetings.of("p"));
        assertThatThrownBy(() -> session.submit(List.of(slice(SLICE - 9, 10)), BatchOptions.within(MINUTE)))
                .hasMessageContaining("leaves the segment of");
        assertThatThrownBy(() -> session.submit(List.of(slice(0, SLICE + 1)), BatchOptions.within(MINUTE)))
                .hasMessageContaining("takes slices of 1 to 4096 bytes, this one has 4097");
    }

    @Test
    void aBatchNotDoneByItsDeadlineTimesOut() throws Exception {
        RecordingGuard guard = RecordingGuard.holding();
        TransferSession session = connect(serve(arena.allocate(SLICE), guard, Greetings.of("d")), Greetings.of("p"));
        TransferBatch late = session.submit(List.of(slice(0, 10)), BatchOptions.within(Duration.ofSeconds(3)));
        TransferBatch patient = session.submit(List.of(slice(0, 10)), BatchOptions.within(MINUTE));
        Eventually.holds("both are sent", () -> session.bytesInFlight() == 20);
        time.advance(Duration.ofSeconds(4));
        assertThat(failure(late).kind()).isEqualTo(Kind.TIMED_OUT);
        guard.permits.release(100);
        patient.done().orTimeout(20, TimeUnit.SECONDS).join();
    }

    @Test
    void aPeerThatAcknowledgesNothingIsGivenUp() throws Exception {
        RecordingGuard guard = RecordingGuard.holding();
        TransferSession session = connect(serve(arena.allocate(SLICE), guard, Greetings.of("d")), Greetings.of("p"));
        TransferBatch batch = session.submit(List.of(slice(0, 10)), BatchOptions.within(MINUTE));
        guard.arrivals.acquire();
        time.advance(Duration.ofSeconds(11));
        TransferException lost = failure(batch);
        assertThat(lost.kind()).isEqualTo(Kind.CONNECTION_LOST);
        assertThat(lost).hasMessageContaining("acknowledged nothing for 10000 ms while 10 bytes were in flight");
        guard.permits.release(100);
    }

    @Test
    void cancellingEndsTheReadingOfMemoryEvenIfThePeerDoesNotRead() throws Exception {
        RecordingGuard guard = RecordingGuard.holding();
        TransferSession session = connect(
                serve(arena.allocate(SLICE), guard, Greetings.of("d")),
                Greetings.of("p"),
                TransferClientOptions.DEFAULT.withWindowBytes(1L << 40));
        List<TransferBatch> batches;
        try (Arena source = Arena.ofShared()) { // closing throws if a thread still uses it
            MemorySegment block = source.allocate(SLICE);
            // far more than the socket buffers hold, so a thread reads the block while we cancel
            List<SliceWrite> writes = Collections.nCopies(20_000, new SliceWrite(TICKET, 1, 0, block));
            batches = List.of(
                    session.submit(writes, BatchOptions.within(MINUTE)),
                    session.submit(writes, BatchOptions.within(MINUTE)));
            guard.arrivals.acquire();
            batches.forEach(TransferBatch::cancel);
        }
        for (TransferBatch batch : batches) {
            failure(batch);
        }
        guard.permits.release(1 << 20);
    }

    @Test
    void closingASessionFailsWhatHasNotEnded() throws Exception {
        RecordingGuard guard = RecordingGuard.holding();
        TransferSession session = connect(serve(arena.allocate(SLICE), guard, Greetings.of("d")), Greetings.of("p"));
        TransferBatch batch = session.submit(List.of(slice(0, 10)), BatchOptions.within(MINUTE));
        session.close();
        assertThat(failure(batch).kind()).isEqualTo(Kind.CANCELLED);
        assertThat(session.isOpen()).isFalse();
        assertThatThrownBy(() -> session.submit(List.of(slice(0, 10)), BatchOptions.within(MINUTE)))
                .isInstanceOf(TransferException.class);
        guard.permits.release(100);
    }

    @Test
    void aServerThatClosesAppliesNothingAfterwards() throws Exception {
        RecordingGuard guard = RecordingGuard.holding();
        TransferServer server = serve(arena.allocate(SLICE), guard, Greetings.of("d"));
        TransferSession session = connect(server, Greetings.of("p"));
        TransferBatch batch = session.submit(Collections.nCopies(500, slice(0, SLICE)), BatchOptions.within(MINUTE));
        guard.arrivals.acquire();
        guard.permits.release(5);
        Thread closer = Thread.ofVirtual().start(server::close);
        Eventually.holds("cut off", () -> !session.isOpen());
        guard.permits.release(10_000);
        closer.join();
        int applied = guard.applied.size();
        assertThat(applied).isLessThan(500);
        assertThat(failure(batch).retryable()).isTrue();
        assertThat(guard.applied).hasSize(applied);
        assertThat(server.stats().connections()).isZero();
    }
}
