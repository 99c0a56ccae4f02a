package io.yuebing.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SharedMemoryTest {
    private static final int BYTES = 1 << 20;
    private static final int SLICE = 40_000;
    private static final BatchOptions MINUTE = BatchOptions.within(Duration.ofMinutes(1));

    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private final Arena arena = Arena.ofShared();
    private final SharedMemory here = SharedMemoryTest.allocate();
    private final SharedMemory there = SharedMemoryTest.allocate();

    private static SharedMemory allocate() {
        try {
            return SharedMemory.allocate(BYTES);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @BeforeEach
    void keepOpen() {
        open.push(here);
        open.push(there);
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
        arena.close();
    }

    private TransferServer server(Segment segment) throws IOException {
        TransferServer server = TransferProtocols.SHM.serve(
                TransferServerOptions.loopback(SLICE), List.of(segment), TimeSource.system());
        open.push(server);
        return server;
    }

    private TransferSession session(Segment segment, TransferClientOptions options) throws Exception {
        TransferServer server = server(segment);
        Transport transport = TransferProtocols.AUTO.transport(options, TimeSource.system());
        open.push(transport);
        TransferSession session = transport.connect(
                new PeerAddress("127.0.0.1", server.address().getPort()), segment.name(), Greeting.EMPTY);
        assertThat(session.route().protocol()).isEqualTo("shm");
        return session;
    }

    private TransferClientOptions sharing() {
        return TransferClientOptions.DEFAULT.withMemory(here);
    }

    private static Segment guarded(SharedMemory shared, MemorySegment memory, WriteGuard writes, ReadGuard reads) {
        return new Segment("kv", memory, writes, reads, Greeting.EMPTY, NoticeListener.IGNORE, Optional.of(shared));
    }

    private static void join(TransferBatch batch) {
        batch.done().orTimeout(20, TimeUnit.SECONDS).join();
    }

    private static void fill(MemorySegment memory, Random random) {
        for (long i = 0; i < memory.byteSize(); i++) {
            memory.set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt());
        }
    }

    @Test
    void anyMixOfSharedAndOtherMemoryArrivesExactly() throws Exception {
        for (int seed = 0; seed < 6; seed++) {
            Random random = new Random(seed);
            // a segment that is not all of its shared memory
            MemorySegment segment = there.memory().asSlice(4096 * (seed % 3), BYTES - 3 * 4096);
            TransferSession session = session(
                    guarded(there, segment, WriteGuard.OPEN, ReadGuard.OPEN),
                    sharing().withLanes(1 + seed % 3));
            MemorySegment elsewhere = arena.allocate(BYTES);
            fill(here.memory(), random);
            fill(elsewhere, random);
            List<Slice> writes = new ArrayList<>();
            List<Slice> reads = new ArrayList<>();
            MemorySegment expected = arena.allocate(segment.byteSize());
            MemorySegment target = arena.allocate(segment.byteSize());
            for (int at = 0; at < segment.byteSize(); ) {
                int length =
                        (int) Math.min(segment.byteSize() - at, 1 + random.nextInt(random.nextBoolean() ? 300 : SLICE));
                MemorySegment from = (random.nextBoolean() ? here.memory() : elsewhere)
                        .asSlice(random.nextInt(BYTES - length), length);
                writes.add(new SliceWrite(Slice.NO_TICKET, 0, at, from));
                reads.add(new SliceRead(Slice.NO_TICKET, 0, at, target.asSlice(at, length)));
                expected.asSlice(at, length).copyFrom(from);
                at += length;
            }
            join(session.submit(writes, MINUTE));
            assertThat(segment.mismatch(expected)).as("written, seed %d", seed).isEqualTo(-1);
            join(session.submit(reads, MINUTE));
            assertThat(target.mismatch(expected)).as("read, seed %d", seed).isEqualTo(-1);
            assertThat(session.bytesInFlight()).isZero();
            session.close();
        }
    }

    @Test
    void memoryThatChangesWhileItIsWrittenIsRefusedAndNotCounted() throws Exception {
        RecordingGuard guard = RecordingGuard.holding();
        TransferSession session = session(guarded(there, there.memory(), guard, ReadGuard.OPEN), sharing());
        TransferServer server = (TransferServer) open.stream()
                .filter(TransferServer.class::isInstance)
                .findFirst()
                .orElseThrow();
        MemorySegment source = here.memory().asSlice(100, SLICE).fill((byte) 1);
        TransferBatch batch = session.submit(List.of(new SliceWrite(Slice.NO_TICKET, 0, 0, source)), MINUTE);
        guard.arrivals.acquire();
        source.set(ValueLayout.JAVA_BYTE, SLICE - 1, (byte) 2);
        guard.permits.release(1);
        assertThatThrownBy(() -> join(batch))
                .isInstanceOf(CompletionException.class)
                .hasCauseInstanceOf(TransferException.class)
                .hasMessageContaining("arrived damaged");
        assertThat(guard.applied).isEmpty();
        assertThat(server.stats().checksumFailures()).isOne();
        // the connection serves on
        guard.permits.release(1);
        join(session.submit(List.of(new SliceWrite(Slice.NO_TICKET, 0, 0, source)), MINUTE));
        assertThat(guard.applied).hasSize(1);
    }

    @Test
    void memoryThatChangesWhileItIsReadIsNoticed() throws Exception {
        ReadGuard changing = (slice, memory) -> new ReadGuard.Granted(
                memory.asSlice(slice.offset(), slice.length()),
                () -> memory.set(ValueLayout.JAVA_BYTE, slice.offset(), (byte) 7));
        TransferSession session = session(guarded(there, there.memory(), WriteGuard.OPEN, changing), sharing());
        MemorySegment target = arena.allocate(SLICE);
        assertThatThrownBy(() -> join(session.submit(List.of(new SliceRead(Slice.NO_TICKET, 0, 0, target)), MINUTE)))
                .isInstanceOf(CompletionException.class)
                .hasMessageContaining("arrived damaged");
        // now it is 7 already
        join(session.submit(List.of(new SliceRead(Slice.NO_TICKET, 0, 0, target)), MINUTE));
        assertThat(target.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 7);
    }

    @Test
    void memoryThatCannotBeOpenedIsReachedThroughTheRing() throws Exception {
        for (SharedMemory each : List.of(here, there)) {
            for (Path folder : SharedFile.FOLDERS) {
                Files.deleteIfExists(folder.resolve(each.offer().name()));
            }
        }
        TransferSession session = session(Segment.open("all", there), sharing());
        fill(here.memory(), new Random(5));
        MemorySegment source = here.memory().asSlice(9, SLICE);
        MemorySegment target = arena.allocate(SLICE);
        join(session.submit(List.of(new SliceWrite(Slice.NO_TICKET, 0, 50, source)), MINUTE));
        join(session.submit(List.of(new SliceRead(Slice.NO_TICKET, 0, 50, target)), MINUTE));
        assertThat(target.mismatch(source)).isEqualTo(-1);
    }

    @Test
    void hostileCallersReachNothingThroughIt() throws Exception {
        TransferServer server = server(guarded(there, there.memory(), WriteGuard.OPEN, ReadGuard.OPEN));
        Frame.MemoryOffer offer = here.offer();
        List<Frame> attempts = List.of(
                new Frame.MappedSlice(1, Slice.NO_TICKET, 0, 0, SLICE, 0, BYTES - 1),
                new Frame.MappedSlice(1, Slice.NO_TICKET, 0, 0, SLICE, 0, -1),
                new Frame.MappedSlice(1, Slice.NO_TICKET, 0, 0, SLICE, 0, Long.MAX_VALUE),
                new Frame.MappedSlice(1, Slice.NO_TICKET, 0, 0, SLICE + 1, 0, 0),
                new Frame.MappedSlice(1, Slice.NO_TICKET, 0, 0, 0, 0, 0),
                new Frame.MappedSlice(1, Slice.NO_TICKET, 0, 0, -5, 0, 0),
                new Frame.Read(1, Slice.NO_TICKET, 0, 0, SLICE, -3),
                new Frame.Read(1, Slice.NO_TICKET, 0, 0, -1, Frame.MAPPED));
        for (Frame attempt : attempts) {
            try (RawPeer peer = new RawPeer(server.address())) {
                Frame.Welcome welcome = greet(peer, offer);
                assertThat(welcome.mapped()).isTrue();
                assertThat(welcome.memory()).isEqualTo(there.offer());
                peer.send(FrameCodec.encode(new Frame.Ring(true)));
                peer.send(FrameCodec.encode(attempt));
                assertThat(peer.seesTheEnd()).as("%s", attempt).isTrue();
            }
        }
        for (Frame.MemoryOffer wrong : List.of(
                new Frame.MemoryOffer("../../etc/passwd", offer.bytes(), offer.token()),
                new Frame.MemoryOffer(offer.name(), offer.bytes() + 1, offer.token()),
                new Frame.MemoryOffer(offer.name(), offer.bytes(), UUID.randomUUID()),
                new Frame.MemoryOffer("", Long.MIN_VALUE, offer.token()))) {
            try (RawPeer peer = new RawPeer(server.address())) {
                assertThat(greet(peer, wrong).mapped()).as("%s", wrong).isFalse();
                peer.send(FrameCodec.encode(new Frame.Ring(true)));
                peer.send(FrameCodec.encode(new Frame.MappedSlice(1, Slice.NO_TICKET, 0, 0, 10, 0, 0)));
                assertThat(peer.seesTheEnd()).isTrue();
            }
        }
        assertThat(there.memory().mismatch(arena.allocate(BYTES))).isEqualTo(-1);
    }

    private static Frame.Welcome greet(RawPeer peer, Frame.MemoryOffer offer) throws IOException {
        peer.send(FrameCodec.encode(new Frame.Hello(
                "kv",
                new byte[FrameDescriptor.NONCE_BYTES],
                Frame.RingWish.ALWAYS,
                Checksum.CRC32C,
                offer,
                new byte[0])));
        if (peer.next() instanceof Frame.Welcome welcome) {
            return welcome;
        }
        throw new IOException("not welcome");
    }

    @Test
    void closingLeavesNoFile() throws IOException {
        SharedMemory memory = SharedMemory.allocate(10);
        assertThat(memory.memory().byteSize()).isEqualTo(10);
        String name = memory.offer().name();
        assertThat(SharedFile.FOLDERS).anyMatch(folder -> Files.exists(folder.resolve(name)));
        memory.close();
        assertThat(SharedFile.FOLDERS).noneMatch(folder -> Files.exists(folder.resolve(name)));
    }

    @Test
    void onlyWhatLiesInItIsFound() {
        MemorySegment memory = here.memory();
        assertThat(here.offsetOf(memory)).isZero();
        assertThat(here.offsetOf(memory.asSlice(BYTES - 1, 1))).isEqualTo(BYTES - 1);
        assertThat(here.offsetOf(there.memory())).isEqualTo(-1);
        assertThat(here.offsetOf(MemorySegment.ofAddress(memory.address() + 1).reinterpret(BYTES)))
                .isEqualTo(-1);
        assertThat(here.offsetOf(MemorySegment.ofArray(new byte[1]))).isEqualTo(-1);
        assertThatThrownBy(() -> guarded(here, there.memory(), WriteGuard.OPEN, ReadGuard.OPEN))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("kv");
    }
}
