package io.yuebing.transfer.mooncake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.transfer.BatchOptions;
import io.yuebing.transfer.Greeting;
import io.yuebing.transfer.PeerAddress;
import io.yuebing.transfer.Segment;
import io.yuebing.transfer.Slice;
import io.yuebing.transfer.SliceRead;
import io.yuebing.transfer.SliceWrite;
import io.yuebing.transfer.TimeSource;
import io.yuebing.transfer.TransferBatch;
import io.yuebing.transfer.TransferClientOptions;
import io.yuebing.transfer.TransferException;
import io.yuebing.transfer.TransferException.Kind;
import io.yuebing.transfer.TransferServerOptions;
import io.yuebing.transfer.TransferSession;
import io.yuebing.transfer.Transport;
import io.yuebing.transfer.mooncake.HandMadePeer.Release;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** This process can use the segments of Mooncake's processes, whatever their release. */
@Timeout(60)
class MooncakeSessionTest {
    private static final BatchOptions WITHIN = BatchOptions.within(Duration.ofSeconds(20));

    private final Arena arena = Arena.ofShared();
    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
        arena.close();
    }

    private HandMadePeer peer(Release release) throws IOException {
        HandMadePeer peer = new HandMadePeer(release);
        open.add(peer);
        return peer;
    }

    private TransferSession session(int port, int lanes) throws TransferException {
        Transport transport =
                new MooncakeProtocol().transport(TransferClientOptions.DEFAULT.withLanes(lanes), TimeSource.system());
        open.add(transport);
        return transport.connect(new PeerAddress("127.0.0.1", port), "", Greeting.EMPTY);
    }

    private MemorySegment random(long seed, int count) {
        byte[] bytes = new byte[count];
        new Random(seed).nextBytes(bytes);
        return arena.allocate(count).copyFrom(MemorySegment.ofArray(bytes));
    }

    private static Slice write(long offset, MemorySegment from) {
        return new SliceWrite(Slice.NO_TICKET, 0, offset, from);
    }

    private static Slice read(long offset, MemorySegment to) {
        return new SliceRead(Slice.NO_TICKET, 0, offset, to);
    }

    private static void carry(TransferSession session, Slice... slices) throws Exception {
        session.submit(List.of(slices), WITHIN).done().get(20, TimeUnit.SECONDS);
    }

    @ParameterizedTest
    @EnumSource(
            mode = Mode.INCLUDE,
            names = {"ONE_SHOT", "UNACKNOWLEDGED", "ACKNOWLEDGED"})
    void bytesGoThereAndBackAcrossTheBuffersOfEveryRelease(Release release) throws Exception {
        HandMadePeer peer = peer(release);
        TransferSession session = session(peer.port(), 2);
        MemorySegment sent = random(1, 150_000);
        MemorySegment got = arena.allocate(150_000);

        carry(session, write(30_000, sent));
        carry(session, read(30_000, got));

        assertThat(session.segmentBytes()).isEqualTo(2L * HandMadePeer.BUFFER);
        assertThat(sent.mismatch(got)).isEqualTo(-1);
        byte[] bytes = sent.toArray(ValueLayout.JAVA_BYTE);
        assertThat(Arrays.equals(peer.first, 30_000, 100_000, bytes, 0, 70_000)).isTrue();
        assertThat(Arrays.equals(peer.second, 0, 80_000, bytes, 70_000, 150_000))
                .isTrue();
        assertThat(peer.opcodes).allMatch(opcode -> (opcode >= 0x80) == (release == Release.ACKNOWLEDGED));
        assertThat(session.route().why()).contains("no checksum").contains("no lease");
    }

    @Test
    void theHandshakeGivesTheOwnDescriptorAway() throws Exception {
        HandMadePeer peer = peer(Release.ACKNOWLEDGED);
        TransferSession session = session(peer.port(), 1);

        assertThat(session.segment()).isEqualTo(peer.name());
        assertThat(peer.handshakes.getFirst())
                .startsWith("1{\"buffers\":[],\"name\":\"yuebing-")
                .endsWith("}\n");
        assertThat(new String(session.peerHello(), StandardCharsets.UTF_8)).contains("\"tcp_proto_version\":2");
    }

    @Test
    void aNoticeFollowsTheLastSlice() throws Exception {
        HandMadePeer peer = peer(Release.ACKNOWLEDGED);
        TransferSession session = session(peer.port(), 3);
        byte[] notice = "月 1".getBytes(StandardCharsets.UTF_8);

        session.submit(List.of(write(0, random(2, 1000)), write(1000, random(3, 1000))), WITHIN.withNotice(notice))
                .done()
                .get(20, TimeUnit.SECONDS);

        assertThat(peer.handshakes).contains("2{\"name\":\"\",\"notify_msg\":\"月 1\"}\n");
    }

    @Test
    void aRefusalFailsTheBatchAndNotTheSession() throws Exception {
        TransferSession session = session(peer(Release.REFUSING).port(), 1);

        for (Slice slice : List.of(write(0, random(4, 90_000)), read(0, arena.allocate(8)))) {
            assertThatThrownBy(() -> carry(session, slice))
                    .isInstanceOf(ExecutionException.class)
                    .hasRootCauseInstanceOf(TransferException.class)
                    .hasMessageContaining("refused")
                    .hasMessageContaining("not within one of its buffers");
        }
        assertThat(session.isOpen()).isTrue();
    }

    @Test
    void aPeerThatNeverAnswersCostsOneBatch() throws Exception {
        HandMadePeer peer = peer(Release.SILENT);
        TransferSession session = session(peer.port(), 1);
        MemorySegment memory = random(5, 1000);
        TransferBatch cancelled = session.submit(List.of(write(0, memory)), WITHIN);
        Eventually.holds("it is under way", () -> !peer.opcodes.isEmpty());
        cancelled.cancel();

        assertThat(cancelled.done()).failsWithin(Duration.ofSeconds(20));
        Eventually.holds("nothing is under way", () -> session.bytesInFlight() == 0);
        assertThat(session.isOpen()).isTrue();
        TransferBatch late = session.submit(List.of(read(0, memory)), BatchOptions.within(Duration.ofMillis(100)));
        assertThatThrownBy(() -> late.done().get(20, TimeUnit.SECONDS)).hasMessageContaining("deadline");
        assertThat(session.isOpen()).isTrue();
    }

    @Test
    void aPeerThatDiesFailsWhatHasNotEnded() throws Exception {
        HandMadePeer peer = peer(Release.SILENT);
        TransferSession session = session(peer.port(), 1);
        TransferBatch batch = session.submit(List.of(write(0, random(6, 100))), WITHIN);
        Eventually.holds("it is under way", () -> !peer.opcodes.isEmpty());
        peer.close();

        assertThatThrownBy(() -> batch.done().get(20, TimeUnit.SECONDS))
                .cause()
                .isInstanceOfSatisfying(
                        TransferException.class, e -> assertThat(e.kind()).isEqualTo(Kind.CONNECTION_LOST));
        Eventually.holds("the session has ended", () -> !session.isOpen());
    }

    @Test
    void whatTheWireCannotCarryIsRefused() throws Exception {
        TransferSession session = session(peer(Release.ACKNOWLEDGED).port(), 1);
        MemorySegment memory = arena.allocate(100);

        assertThatThrownBy(() -> session.submit(List.of(new SliceWrite(new UUID(1, 2), 3, 0, memory)), WITHIN))
                .hasMessageContaining("no tickets");
        assertThatThrownBy(() -> session.submit(List.of(write(2L * HandMadePeer.BUFFER - 99, memory)), WITHIN))
                .hasMessageContaining("leaves the segment");
        assertThatThrownBy(() -> session.submit(List.of(write(0, memory)), WITHIN.withNotice(new byte[] {(byte) 0xff})))
                .hasMessageContaining("UTF-8");
        Greeting layout = new Greeting() {
            @Override
            public byte[] hello() {
                return new byte[] {1};
            }

            @Override
            public Optional<String> refuse(byte[] peerHello) {
                return Optional.empty();
            }
        };
        try (Transport transport =
                new MooncakeProtocol().transport(TransferClientOptions.DEFAULT, TimeSource.system())) {
            assertThatThrownBy(() -> transport.connect(session.peer(), "", layout))
                    .hasMessageContaining("layouts have to be compared");
        }
    }

    @Test
    void bothEndsOfThisReleaseUnderstandEachOther() throws Exception {
        MemorySegment memory = arena.allocate(5 << 20);
        MooncakeServer server = new MooncakeProtocol()
                .serve(
                        TransferServerOptions.loopback(256 << 10),
                        List.of(Segment.open("kv", memory)),
                        TimeSource.system());
        open.add(server);
        TransferSession session = session(server.address().getPort(), 4);
        long seed = System.nanoTime();
        Random random = new Random(seed);
        List<Slice> writes = new ArrayList<>();
        for (int at = 0; at < memory.byteSize(); ) {
            int size = (int) Math.min(memory.byteSize() - at, 1 + random.nextInt(700_000));
            writes.add(write(at, random(random.nextLong(), size)));
            at += size;
        }
        MemorySegment got = arena.allocate(memory.byteSize());

        carry(session, writes.toArray(Slice[]::new));
        carry(session, read(0, got));

        for (Slice slice : writes) {
            assertThat(slice.local().mismatch(got.asSlice(slice.remoteOffset(), slice.length())))
                    .as("seed %d, offset %d", seed, slice.remoteOffset())
                    .isEqualTo(-1);
        }
        assertThat(server.stats().slicesReceived()).isEqualTo(writes.size());
    }
}
