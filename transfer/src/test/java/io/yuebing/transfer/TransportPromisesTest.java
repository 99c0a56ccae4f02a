package io.yuebing.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.transfer.TransferException.Kind;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a caller may rely on whatever the protocol. */
@Timeout(60)
class TransportPromisesTest {
    private static final int SLICE = 100_000;
    private static final int SEGMENT = 4 << 20;
    private static final BatchOptions MINUTE = BatchOptions.within(Duration.ofMinutes(1));

    private final Arena arena = Arena.ofShared();
    private final List<AutoCloseable> open = new ArrayList<>();
    private final MemorySegment memory = arena.allocate(SEGMENT, 64);

    private static TransferProtocol protocol(String name) {
        TransferProtocol protocol = TransferProtocols.named(name).orElseThrow();
        if (protocol == TransferProtocols.UCX) {
            UcxHere.orSkip();
        }
        return protocol;
    }

    private TransferSession session(String protocol, Segment segment, int lanes) throws Exception {
        TransferProtocol chosen = protocol(protocol);
        TransferServer server =
                chosen.serve(TransferServerOptions.loopback(SLICE), List.of(segment), TimeSource.system());
        open.add(server);
        Transport transport = chosen.transport(TransferClientOptions.DEFAULT.withLanes(lanes), TimeSource.system());
        open.add(transport);
        return transport.connect(
                new PeerAddress("127.0.0.1", server.address().getPort()), segment.name(), Greeting.EMPTY);
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
        arena.close();
    }

    private static void join(TransferBatch batch) {
        batch.done().orTimeout(20, TimeUnit.SECONDS).join();
    }

    private static TransferException failure(TransferBatch batch) {
        try {
            join(batch);
        } catch (CompletionException e) {
            if (e.getCause() instanceof TransferException failure) {
                return failure;
            }
            throw e;
        }
        throw new AssertionError("the batch succeeded");
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "shm", "auto", "ucx"})
    void whatWasWrittenIsRead(String protocol) throws Exception {
        for (int lanes : new int[] {1, 3}) {
            TransferSession session = session(protocol, Segment.open("all", memory), lanes);
            Random random = new Random(lanes);
            MemorySegment source = arena.allocate(SEGMENT, 1);
            MemorySegment target = arena.allocate(SEGMENT, 1);
            for (long i = 0; i < SEGMENT; i++) {
                source.set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt());
            }
            List<Slice> writes = new ArrayList<>();
            List<Slice> reads = new ArrayList<>();
            for (int at = 0; at < SEGMENT; ) {
                int length = Math.min(SEGMENT - at, 1 + random.nextInt(random.nextBoolean() ? 300 : SLICE));
                writes.add(new SliceWrite(Slice.NO_TICKET, 0, at, source.asSlice(at, length)));
                reads.add(new SliceRead(Slice.NO_TICKET, 0, at, target.asSlice(at, length)));
                at += length;
            }
            join(session.submit(writes, MINUTE));
            assertThat(memory.mismatch(source)).as("written, %d lanes", lanes).isEqualTo(-1);
            join(session.submit(reads, MINUTE));
            assertThat(target.mismatch(source)).as("read, %d lanes", lanes).isEqualTo(-1);
            assertThat(session.route().protocol()).isEqualTo(protocol.equals("auto") ? "shm" : protocol);
            assertThat(session.bytesInFlight()).isZero();
            session.close();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "shm", "ucx"})
    void checksumsAreLeftOutOnlyIfBothSidesWantThat(String protocol) throws Exception {
        TransferProtocol chosen = protocol(protocol);
        Transport transport =
                chosen.transport(TransferClientOptions.DEFAULT.withChecksum(Checksum.NONE), TimeSource.system());
        open.add(transport);
        List<TransferSession> sessions = new ArrayList<>();
        for (TransferServerOptions options : List.of(
                TransferServerOptions.loopback(SLICE),
                TransferServerOptions.loopback(SLICE).withUnchecked())) {
            TransferServer server = chosen.serve(options, List.of(Segment.open("all", memory)), TimeSource.system());
            open.addFirst(server);
            PeerAddress peer = new PeerAddress("127.0.0.1", server.address().getPort());
            if (options.unchecked()) {
                sessions.add(transport.connect(peer, "all", Greeting.EMPTY));
            } else {
                assertThatThrownBy(() -> transport.connect(peer, "all", Greeting.EMPTY))
                        .hasMessageContaining("leave checksums on");
            }
        }
        MemorySegment source = arena.allocate(SLICE).fill((byte) 3);
        MemorySegment target = arena.allocate(SLICE);
        join(sessions.getFirst().submit(List.of(new SliceWrite(Slice.NO_TICKET, 0, 7, source)), MINUTE));
        join(sessions.getFirst().submit(List.of(new SliceRead(Slice.NO_TICKET, 0, 7, target)), MINUTE));
        assertThat(target.mismatch(source)).isEqualTo(-1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "shm", "ucx"})
    void aNoticeComesAfterEverySliceAndBeforeTheBatchEnds(String protocol) throws Exception {
        List<String> events = new CopyOnWriteArrayList<>();
        RecordingGuard guard = RecordingGuard.open();
        Segment segment = new Segment(
                "kv",
                memory,
                guard,
                ReadGuard.OPEN,
                Greeting.EMPTY,
                (_, message) -> events.add(guard.applied.size() + " " + new String(message, StandardCharsets.UTF_8)));
        TransferSession session = session(protocol, segment, 3);
        for (int batch = 1; batch <= 20; batch++) {
            List<Slice> slices = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                slices.add(new SliceWrite(Slice.NO_TICKET, 0, i * 1000L, arena.allocate(1000)));
            }
            join(session.submit(slices, MINUTE.withNotice("done".getBytes(StandardCharsets.UTF_8))));
            assertThat(events).last().isEqualTo(10 * batch + " done");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "shm", "ucx"})
    void aReadIsGrantedForAsLongAsItTakesAndNoLonger(String protocol) throws Exception {
        AtomicInteger granted = new AtomicInteger();
        AtomicInteger ended = new AtomicInteger();
        ReadGuard counting = (slice, all) -> {
            granted.incrementAndGet();
            return new ReadGuard.Granted(all.asSlice(slice.offset(), slice.length()), ended::incrementAndGet);
        };
        TransferSession session = session(
                protocol,
                new Segment("kv", memory, WriteGuard.OPEN, counting, Greeting.EMPTY, NoticeListener.IGNORE),
                1);
        List<Slice> reads = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            reads.add(new SliceRead(Slice.NO_TICKET, 0, i * 100L, arena.allocate(5000)));
        }
        join(session.submit(reads, MINUTE));
        assertThat(granted).hasValue(300);
        Eventually.holds("every grant has ended", () -> ended.get() == 300);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "shm", "ucx"})
    void aReadThatIsNotAllowedCostsOnlyItsBatch(String protocol) throws Exception {
        TransferSession session = session(
                protocol,
                new Segment("kv", memory, WriteGuard.OPEN, ReadGuard.NONE, Greeting.EMPTY, NoticeListener.IGNORE),
                1);
        MemorySegment local = arena.allocate(100);
        TransferBatch mixed = session.submit(
                List.of(new SliceWrite(Slice.NO_TICKET, 0, 0, local), new SliceRead(Slice.NO_TICKET, 0, 0, local)),
                MINUTE);
        TransferBatch write = session.submit(List.of(new SliceWrite(Slice.NO_TICKET, 0, 0, local)), MINUTE);
        assertThat(failure(mixed).refusal()).contains(RefusalCode.NOT_READABLE);
        join(write);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "shm", "ucx"})
    void cancelledReadsLeaveTheirMemoryAlone(String protocol) throws Exception {
        memory.fill((byte) 1);
        for (int seed = 0; seed < 20; seed++) {
            TransferSession session = session(protocol, Segment.open("all", memory), 2);
            MemorySegment target = arena.allocate(SEGMENT, 1);
            List<Slice> reads = new ArrayList<>();
            for (int at = 0; at + SLICE <= SEGMENT; at += SLICE) {
                reads.add(new SliceRead(Slice.NO_TICKET, 0, at, target.asSlice(at, SLICE)));
            }
            TransferBatch batch = session.submit(reads, MINUTE);
            if (seed % 2 == 0) {
                Eventually.holds("some have come", () -> target.get(ValueLayout.JAVA_BYTE, SLICE - 1) == 1);
            }
            batch.cancel();
            target.fill((byte) 2);
            // another thread may be about to tell, with the memory left alone already
            Eventually.holds("told", batch.done()::isDone);
            // what follows on the same lanes arrives after everything that was still under way
            MemorySegment probe = arena.allocate(8);
            join(session.submit(List.of(new SliceRead(Slice.NO_TICKET, 0, 0, probe)), MINUTE));
            session.close();
            assertThat(target.mismatch(arena.allocate(SEGMENT, 1).fill((byte) 2)))
                    .as("seed %d", seed)
                    .isEqualTo(-1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "shm", "ucx"})
    void closingFailsWhatHasNotEnded(String protocol) throws Exception {
        RecordingGuard guard = RecordingGuard.holding();
        TransferSession session = session(protocol, new Segment("kv", memory, guard, Greeting.EMPTY), 1);
        TransferBatch batch =
                session.submit(List.of(new SliceWrite(Slice.NO_TICKET, 0, 0, arena.allocate(SLICE))), MINUTE);
        guard.arrivals.acquire();
        session.close();
        assertThat(failure(batch).kind()).isEqualTo(Kind.CANCELLED);
        guard.permits.release(10);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "shm", "ucx"})
    void aProtocolThatTheServerDoesNotOfferIsNamed(String protocol) throws Exception {
        TransferProtocol offered = protocol(protocol);
        TransferProtocol asked = protocol.equals("tcp") ? TransferProtocols.SHM : TransferProtocols.TCP;
        TransferServer server = offered.serve(
                TransferServerOptions.loopback(SLICE), List.of(Segment.open("all", memory)), TimeSource.system());
        open.add(server);
        Transport transport = asked.transport(TransferClientOptions.DEFAULT, TimeSource.system());
        open.add(transport);
        PeerAddress peer = new PeerAddress("127.0.0.1", server.address().getPort());
        assertThatThrownBy(() -> transport.connect(peer, "", Greeting.EMPTY))
                .isInstanceOfSatisfying(
                        TransferException.class, e -> assertThat(e.kind()).isEqualTo(Kind.HANDSHAKE_REFUSED))
                .hasMessageContaining("use protocol " + protocol);
    }

    @ParameterizedTest
    @ValueSource(strings = {"shm"})
    void ringsLeaveNoFilesBehind(String protocol) throws Exception {
        String mine = "yuebing-transfer-" + ProcessHandle.current().pid() + "-";
        try (TransferSession session = session(protocol, Segment.open("all", memory), 1)) {
            join(session.submit(List.of(new SliceWrite(Slice.NO_TICKET, 0, 0, arena.allocate(10))), MINUTE));
            for (Path folder : List.of(Path.of("/dev/shm"), Path.of(System.getProperty("java.io.tmpdir")))) {
                if (Files.isDirectory(folder)) {
                    try (Stream<Path> files = Files.list(folder)) {
                        assertThat(files.map(file -> file.getFileName().toString()))
                                .noneMatch(name -> name.startsWith(mine));
                    }
                }
            }
        }
    }
}
