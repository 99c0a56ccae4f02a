package io.yuebing.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whatever one peer does, the others are served, memory is bounded and the peer is told or cut off. */
@Timeout(60)
class HostilePeersTest {
    private static final UUID TICKET = new UUID(1, 2);
    private static final int SLICE = 4096;

    private final Arena arena = Arena.ofShared();
    private final ManualTime time = new ManualTime();
    private final RecordingGuard guard = RecordingGuard.open();
    private final List<AutoCloseable> open = new ArrayList<>();
    private TransferServer server;
    private Transport transport;

    @BeforeEach
    void start() throws IOException {
        server = serve(TransferServerOptions.loopback(SLICE));
        transport = TransferProtocols.TCP.transport(TransferClientOptions.DEFAULT, time);
        open.add(transport);
    }

    private TransferServer serve(TransferServerOptions options) throws IOException {
        MemorySegment memory = arena.allocate(1 << 20);
        TransferServer started = TransferProtocols.AUTO.serve(
                options, List.of(new Segment("kv", memory, guard, Greetings.of("d"))), time);
        open.add(started);
        return started;
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
        arena.close();
    }

    private static PeerAddress address(InetSocketAddress address) {
        return new PeerAddress("127.0.0.1", address.getPort());
    }

    private void othersAreServed() throws Exception {
        try (TransferSession session = transport.connect(address(server.address()), "kv", Greetings.of("p"))) {
            session.submit(
                            List.of(new SliceWrite(TICKET, 1, 0, arena.allocate(64))),
                            BatchOptions.within(Duration.ofMinutes(1)))
                    .done()
                    .orTimeout(20, TimeUnit.SECONDS)
                    .join();
        }
    }

    private static Frame.Slice slice(long sequence, int bytes) {
        ByteBuffer payload = ByteBuffer.allocate(bytes);
        return new Frame.Slice(sequence, TICKET, 1, 0, Checksum.CRC32C.of(MemorySegment.ofBuffer(payload)), payload);
    }

    @Test
    void randomBytesCloseTheConnectionBeforeAndAfterTheHandshake() throws Exception {
        int connections = 40;
        for (int seed = 0; seed < connections; seed++) {
            Random random = new Random(seed);
            byte[] noise = new byte[64 + random.nextInt(4000)];
            random.nextBytes(noise);
            boolean greeted = random.nextBoolean();
            try (RawPeer peer = greeted ? RawPeer.greeted(server.address(), "kv") : new RawPeer(server.address())) {
                peer.send(ByteBuffer.wrap(noise));
                if (!greeted) {
                    assertThat(readRefusal(peer)).as("seed %d", seed).contains("expected magic 0x46584259");
                }
                assertThat(peer.seesTheEnd()).as("seed %d", seed).isTrue();
            }
        }
        Eventually.holds("all counted", () -> server.stats().protocolErrors() == connections);
        assertThat(guard.applied).isEmpty();
        othersAreServed();
    }

    private static String readRefusal(RawPeer peer) {
        try {
            return peer.next() instanceof Frame.Refuse refuse ? refuse.sentence() : "no refusal";
        } catch (IOException _) {
            // the connection was reset before the refusal could be read: our noise was still unread there
            return "expected magic 0x46584259";
        }
    }

    @Test
    void aPeerOfAnotherProtocolVersionIsToldSo() throws Exception {
        ByteBuffer hello = FrameCodec.encode(RawPeer.hello("kv"));
        hello.put(FrameDescriptor.VERSION_OFFSET, (byte) 1);
        try (RawPeer peer = new RawPeer(server.address())) {
            peer.send(hello);
            assertThat(peer.next())
                    .isEqualTo(new Frame.Refuse("the transfer server expected a HELLO and found transfer protocol"
                            + " version 1, this side speaks version 3; run the same release on both"));
            assertThat(peer.seesTheEnd()).isTrue();
        }
    }

    @Test
    void framesOutOfTurnCloseTheConnection() throws Exception {
        List<Frame> outOfTurn =
                List.of(new Frame.Ack(1), RawPeer.hello("kv"), slice(2, 10), new Frame.Drop(9, TICKET, 1));
        for (Frame frame : outOfTurn) {
            try (RawPeer peer = RawPeer.greeted(server.address(), "kv")) {
                peer.send(FrameCodec.encode(frame));
                assertThat(peer.seesTheEnd()).as("%s", frame).isTrue();
            }
        }
        try (RawPeer peer = new RawPeer(server.address())) {
            peer.send(FrameCodec.encode(slice(1, 10)));
            assertThat(peer.seesTheEnd()).isTrue();
        }
        assertThat(guard.applied).isEmpty();
        othersAreServed();
    }

    @Test
    void aSliceLongerThanAllowedClosesTheConnection() throws Exception {
        try (RawPeer peer = RawPeer.greeted(server.address(), "kv")) {
            peer.send(FrameCodec.encode(slice(1, SLICE + 1)));
            assertThat(peer.seesTheEnd()).isTrue();
        }
        assertThat(guard.applied).isEmpty();
    }

    @Test
    void aDamagedPayloadIsRefusedWithBothChecksumsAndTheConnectionGoesOn() throws Exception {
        ByteBuffer damaged = FrameCodec.encode(slice(1, 100));
        damaged.put(FrameDescriptor.SLICE_PAYLOAD_OFFSET + 50, (byte) 1);
        try (RawPeer peer = RawPeer.greeted(server.address(), "kv")) {
            peer.send(damaged);
            Frame.Nack nack = (Frame.Nack) peer.next();
            assertThat(nack.code()).isEqualTo(RefusalCode.CHECKSUM_MISMATCH.wireCode());
            assertThat(nack.sentence())
                    .startsWith("100 bytes for offset 0 of ticket " + TICKET + " arrived damaged: CRC32C expected 0x");
            assertThat(peer.next()).isEqualTo(new Frame.Ack(1));
            assertThat(guard.applied).isEmpty();
            peer.send(FrameCodec.encode(slice(2, 100)));
            assertThat(peer.next()).isEqualTo(new Frame.Ack(2));
            assertThat(guard.applied).hasSize(1);
        }
        assertThat(server.stats().checksumFailures()).isEqualTo(1);
    }

    @Test
    void aSliceBeyondTheSegmentNeverReachesTheGuard() throws Exception {
        try (RawPeer peer = RawPeer.greeted(server.address(), "kv")) {
            for (long offset : new long[] {-1, Long.MIN_VALUE, (1 << 20) - 9, Long.MAX_VALUE - 5}) {
                try (RawPeer each = RawPeer.greeted(server.address(), "kv")) {
                    ByteBuffer payload = ByteBuffer.allocate(10);
                    each.send(FrameCodec.encode(new Frame.Slice(
                            1, TICKET, 1, offset, Checksum.CRC32C.of(MemorySegment.ofBuffer(payload)), payload)));
                    assertThat(((Frame.Nack) each.next()).code())
                            .as("offset %d", offset)
                            .isEqualTo(RefusalCode.OUTSIDE_RESERVATION.wireCode());
                }
            }
        }
        assertThat(guard.applied).isEmpty();
    }

    @Test
    void silentConnectionsKeepNobodyOutAndEndAtTheHandshakeDeadline() throws Exception {
        List<SocketChannel> silent = new ArrayList<>();
        try {
            for (int i = 0; i < idleConnections(); i++) {
                silent.add(SocketChannel.open(server.address()));
            }
            othersAreServed();
            assertThat(server.stats().handshakes()).isLessThanOrEqualTo(FrameServer.MAX_HANDSHAKES);
            time.advance(Duration.ofSeconds(3));
            Eventually.holds("all gone", () -> server.stats().handshakes() == 0);
        } finally {
            for (SocketChannel channel : silent) {
                channel.close();
            }
        }
    }

    /** Ten thousand, where the system lets this process have as many. */
    private static int idleConnections() throws IOException {
        int most = Files.readAllLines(Path.of("/proc/self/limits")).stream()
                .filter(line -> line.startsWith("Max open files"))
                .map(line -> line.replaceFirst("Max open files\\s+(\\S+).*", "$1"))
                .mapToInt(limit -> limit.equals("unlimited") ? Integer.MAX_VALUE : Integer.parseInt(limit))
                .findFirst()
                .orElse(1024);
        return Math.clamp((most - 1024L) * 9 / 10, 3 * FrameServer.MAX_HANDSHAKES, 10_000);
    }

    @Test
    void moreConnectionsThanAllowedAreToldTheLimit() throws Exception {
        TransferServer small = serve(TransferServerOptions.loopback(SLICE).withMaxConnections(2));
        PeerAddress peer = address(small.address());
        TransferSession first = transport.connect(peer, "kv", Greetings.of("p"));
        transport.connect(peer, "kv", Greetings.of("p"));
        assertThatThrownBy(() -> transport.connect(peer, "kv", Greetings.of("p")))
                .hasMessageContaining("all 2 transfer connections of")
                .hasMessageContaining("are in use");
        first.close();
        Eventually.holds("a place is free", () -> small.stats().connections() == 1);
        transport.connect(peer, "kv", Greetings.of("p"));
    }

    @Test
    void aHalfSentFrameEndsAtTheStallDeadline() throws Exception {
        try (RawPeer peer = RawPeer.greeted(server.address(), "kv")) {
            peer.send(FrameCodec.encode(slice(1, 100)).limit(80));
            CompletableFuture<Boolean> end = CompletableFuture.supplyAsync(peer::seesTheEnd);
            Eventually.holds("cut off", () -> {
                time.advance(Duration.ofSeconds(11));
                return end.isDone();
            });
            assertThat(end.join()).isTrue();
            assertThat(guard.applied).isEmpty();
        }
        othersAreServed();
    }

    @Test
    void aPeerThatNeverReadsItsAnswersIsCutOff() throws Exception {
        guard.verdict = slice -> Optional.of(new Refusal(RefusalCode.UNKNOWN_TICKET, "x".repeat(1000)));
        try (RawPeer peer = RawPeer.greeted(server.address(), "kv")) {
            CompletableFuture<Void> flood = CompletableFuture.runAsync(() -> {
                try {
                    for (long sequence = 1; ; sequence++) {
                        peer.send(FrameCodec.encode(slice(sequence, 64)));
                    }
                } catch (IOException e) {
                    // cut off, as hoped
                }
            });
            long[] refused = {0};
            int[] unchanged = {0};
            Eventually.holds("cut off", () -> {
                long now = server.stats().slicesRefused();
                unchanged[0] = now > 1000 && now == refused[0] ? unchanged[0] + 1 : 0;
                refused[0] = now;
                if (unchanged[0] > 20) { // it waits for the peer to read
                    time.advance(Duration.ofSeconds(11));
                    unchanged[0] = 0;
                }
                return flood.isDone();
            });
            assertThat(server.stats().stalled()).isEqualTo(1);
        }
        guard.verdict = slice -> Optional.empty();
        othersAreServed();
    }

    @Test
    void anIdleConnectionEndsQuietly() throws Exception {
        TransferSession session = transport.connect(address(server.address()), "kv", Greetings.of("p"));
        time.advance(Duration.ofMinutes(6));
        Eventually.holds("closed", () -> !session.isOpen());
        assertThat(server.stats().stalled()).isZero();
        othersAreServed();
    }

    @Test
    void aServerThatSpeaksSomethingElseIsNamed() throws Exception {
        try (ServerSocketChannel listener = ServerSocketChannel.open().bind(new InetSocketAddress("127.0.0.1", 0))) {
            Thread.ofVirtual().start(() -> {
                try (SocketChannel channel = listener.accept()) {
                    channel.write(ByteBuffer.wrap("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes("US-ASCII")));
                    channel.read(ByteBuffer.allocate(1 << 10));
                } catch (IOException e) {
                    // the client has gone
                }
            });
            PeerAddress peer = address((InetSocketAddress) listener.getLocalAddress());
            assertThatThrownBy(() -> transport.connect(peer, "kv", Greetings.of("p")))
                    .hasMessage(peer + " is no transfer server of this release: it sent bytes that are no transfer"
                            + " frame: expected magic 0x46584259, found 0x50545448");
        }
    }

    @Test
    void aServerThatNeverAnswersTheHandshakeIsGivenUp() throws Exception {
        try (ServerSocketChannel listener = ServerSocketChannel.open().bind(new InetSocketAddress("127.0.0.1", 0))) {
            PeerAddress peer = address((InetSocketAddress) listener.getLocalAddress());
            CompletableFuture<String> failure = CompletableFuture.supplyAsync(() -> {
                try {
                    transport.connect(peer, "kv", Greetings.of("p"));
                    return "connected";
                } catch (TransferException e) {
                    return e.getMessage();
                }
            });
            Eventually.holds("given up", () -> {
                time.advance(Duration.ofSeconds(3));
                return failure.isDone();
            });
            assertThat(failure.join()).isEqualTo(peer + " did not answer the handshake within 2000 ms");
        }
    }

    @Test
    void acknowledgementsOfNothingCloseTheSession() throws Exception {
        try (ServerSocketChannel listener = ServerSocketChannel.open().bind(new InetSocketAddress("127.0.0.1", 0))) {
            Thread.ofVirtual().start(() -> {
                try (SocketChannel channel = listener.accept()) {
                    channel.read(ByteBuffer.allocate(1 << 10));
                    channel.write(FrameCodec.encode(
                            new Frame.Welcome(1 << 20, 1 << 20, SLICE, null, false, null, 0, "kv", new byte[0])));
                    channel.write(FrameCodec.encode(new Frame.Ack(1000)));
                    channel.read(ByteBuffer.allocate(1 << 10).order(ByteOrder.LITTLE_ENDIAN));
                } catch (IOException e) {
                    // the client has gone
                }
            });
            PeerAddress peer = address((InetSocketAddress) listener.getLocalAddress());
            TransferSession session = transport.connect(peer, "kv", Greetings.of("p"));
            Eventually.holds("closed", () -> !session.isOpen());
        }
    }

    @Test
    void aPeerIsNamedInTheLogOnceAnHour() {
        List<String> loud = new ArrayList<>();
        List<String> quiet = new ArrayList<>();
        PeerComplaints complaints = new PeerComplaints(loud::add, quiet::add, time);
        for (int i = 0; i < 100; i++) {
            complaints.log("10.0.0.1", "sent noise");
            complaints.log("10.0.0.2", "sent noise");
            time.advance(Duration.ofSeconds(30));
        }
        assertThat(loud)
                .containsExactly(
                        "transfer peer 10.0.0.1: sent noise (more from this peer is only counted)",
                        "transfer peer 10.0.0.2: sent noise (more from this peer is only counted)");
        assertThat(quiet).hasSize(198);
        time.advance(Duration.ofHours(1));
        complaints.log("10.0.0.1", "sent noise");
        assertThat(loud).hasSize(3);
    }
}
