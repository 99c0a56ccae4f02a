package io.yuebing.transfer.mooncake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.transfer.Greeting;
import io.yuebing.transfer.IncomingSlice;
import io.yuebing.transfer.Payload;
import io.yuebing.transfer.ReadGuard;
import io.yuebing.transfer.Refusal;
import io.yuebing.transfer.RefusalCode;
import io.yuebing.transfer.Segment;
import io.yuebing.transfer.TimeSource;
import io.yuebing.transfer.TransferSecurity;
import io.yuebing.transfer.TransferServerOptions;
import io.yuebing.transfer.TransferServerStats;
import io.yuebing.transfer.WriteGuard;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Mooncake's processes can use what this process offers, and nothing else. */
@Timeout(60)
class MooncakeServerTest {
    private static final int BYTES = 3 << 20;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory = arena.allocate(BYTES);
    private final List<String> notices = new CopyOnWriteArrayList<>();
    private final List<AutoCloseable> open = new ArrayList<>();
    private MooncakeServer server;
    private long address;

    @BeforeEach
    void start() throws IOException {
        serve(TransferServerOptions.loopback(64 << 10), WriteGuard.OPEN, ReadGuard.OPEN);
    }

    private void serve(TransferServerOptions options, WriteGuard writes, ReadGuard reads) throws IOException {
        Segment kv = new Segment(
                "kv",
                memory,
                writes,
                reads,
                Greeting.EMPTY,
                (peer, message) -> notices.add(peer + " " + new String(message, StandardCharsets.UTF_8)));
        Segment other = Segment.open("other", arena.allocate(4096));
        server = new MooncakeProtocol().serve(options, List.of(kv, other), TimeSource.system());
        open.add(server);
        address = descriptor().path("buffers").path(0).path("addr").asLong();
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
        arena.close();
    }

    private JsonNode descriptor() throws IOException {
        return JsonMapper.shared()
                .readTree(HandMadePeer.ask(
                        server.address().getPort(), 1, "{\"name\":\"cpp\",\"protocol\":\"tcp\",\"buffers\":[]}\n"));
    }

    private Socket data() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.dataPort());
        socket.setSoTimeout(20_000);
        open.add(socket);
        return socket;
    }

    private static byte[] random(long seed, int count) {
        byte[] bytes = new byte[count];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private byte[] inMemory(long offset, int count) {
        return memory.asSlice(offset, count).toArray(ValueLayout.JAVA_BYTE);
    }

    private static final byte[] OK = {0, 0, 0, 0, 0x56, 0x54, 0x43, 0x4d};
    private static final byte[] REJECTED = {1, 0, 0, 0, 0x56, 0x54, 0x43, 0x4d};

    @Test
    void aWriteWithoutAcknowledgementIsReadBackOnAnotherConnection() throws IOException {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            byte[] payload = random(random.nextLong(), 1 + random.nextInt(40_000));
            Socket writing = data();
            writing.getOutputStream().write(HandMadePeer.request(payload.length, address, 1, payload));
            writing.close();
            Socket reading = data();
            reading.getOutputStream().write(HandMadePeer.request(payload.length, address, 0));

            byte[] read = HandMadePeer.exactly(reading, payload.length);
            reading.close();
            assertThat(Arrays.mismatch(read, payload))
                    .as("seed %d, round %d", seed, round)
                    .isEqualTo(-1);
        }
    }

    @Test
    void aReadWithoutAcknowledgementWaitsForAWriteThatIsUnderWay() throws IOException {
        byte[] payload = random(7, 50_000);
        byte[] request = HandMadePeer.request(payload.length, address, 1, payload);
        Socket writing = data();
        writing.getOutputStream().write(request, 0, request.length - 1);
        Socket reading = data();
        reading.getOutputStream().write(HandMadePeer.request(payload.length, address, 0));
        writing.getOutputStream().write(request, request.length - 1, 1);

        assertThat(Arrays.mismatch(HandMadePeer.exactly(reading, payload.length), payload))
                .isEqualTo(-1);
    }

    @Test
    void theDescriptorNamesAddressesPortAndVersion() throws IOException {
        JsonNode found = descriptor();

        assertThat(found.path("name").asString())
                .isEqualTo("127.0.0.1:" + server.address().getPort());
        assertThat(found.path("protocol").asString()).isEqualTo("tcp");
        assertThat(found.path("tcp_data_port").asInt()).isEqualTo(server.dataPort());
        assertThat(found.path("tcp_proto_version").asInt()).isEqualTo(2);
        assertThat(found.path("timestamp").asString()).matches("\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{6}");
        assertThat(found.path("buffers").size()).isEqualTo(2);
        assertThat(found.path("buffers").path(0).path("length").asLong()).isEqualTo(BYTES);
        assertThat(found.path("buffers").path(0).path("name").asString()).isEqualTo("kv");
    }

    @Test
    void everyQuestionOfTheDaemonHasItsAnswer() throws IOException {
        int port = server.address().getPort();

        assertThat(HandMadePeer.ask(port, 3, "{}\n")).isEqualTo("{\"status\":\"success\"}\n");
        assertThat(HandMadePeer.ask(port, 2, "{\"name\":\"cpp\",\"notify_msg\":\"月 done\"}\n"))
                .isEqualTo("{\"name\":\"\",\"notify_msg\":\"success\"}\n");
        assertThat(notices).contains("127.0.0.1 月 done");
        assertThat(HandMadePeer.ask(port, 0, "{\"qp_num\":[1]}\n"))
                .contains("reply_msg")
                .contains("no RDMA");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 65_535, 65_536, 65_537, (1 << 20) + 3, BYTES})
    void aWriteIsAcknowledgedWhenAllOfItLiesInMemory(int size) throws IOException {
        byte[] bytes = random(size, size);
        Socket peer = data();
        peer.getOutputStream().write(HandMadePeer.request(size, address, 0x81, bytes));

        assertThat(HandMadePeer.exactly(peer, 8)).isEqualTo(OK);
        assertThat(Arrays.equals(inMemory(0, size), bytes)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 65_537, BYTES})
    void readsOfBothVersionsBringTheBytesOneAfterTheOther(int size) throws IOException {
        memory.copyFrom(MemorySegment.ofArray(random(7, BYTES)));
        Socket peer = data();
        for (int round = 0; round < 3; round++) {
            peer.getOutputStream().write(HandMadePeer.request(size, address + BYTES - size, 0x00));
            assertThat(Arrays.equals(HandMadePeer.exactly(peer, size), inMemory(BYTES - size, size)))
                    .isTrue();
            peer.getOutputStream().write(HandMadePeer.request(size, address, 0x80));
            assertThat(HandMadePeer.exactly(peer, 8)).isEqualTo(OK);
            assertThat(Arrays.equals(HandMadePeer.exactly(peer, size), inMemory(0, size)))
                    .isTrue();
        }
    }

    @Test
    void aStreamOfRequestsMayBeCutAnywhere() throws IOException {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        byte[] expected = new byte[BYTES];
        Socket peer = data();
        OutputStream out = peer.getOutputStream();
        for (int round = 0; round < 60; round++) {
            int size = 1 + random.nextInt(3000);
            int at = random.nextInt(BYTES - size);
            byte[] payload = random(random.nextLong(), size);
            boolean acknowledged = random.nextBoolean();
            System.arraycopy(payload, 0, expected, at, size);
            byte[] request = HandMadePeer.request(size, address + at, acknowledged ? 0x81 : 0x01, payload);
            for (int sent = 0; sent < request.length; ) {
                int length = Math.min(request.length - sent, 1 + random.nextInt(random.nextBoolean() ? 5 : 1500));
                out.write(request, sent, length);
                sent += length;
            }
            if (acknowledged) {
                assertThat(HandMadePeer.exactly(peer, 8))
                        .as("seed %d, round %d", seed, round)
                        .isEqualTo(OK);
            }
        }
        out.write(HandMadePeer.request(BYTES, address, 0x00));

        assertThat(Arrays.equals(HandMadePeer.exactly(peer, BYTES), expected))
                .as("seed %d", seed)
                .isTrue();
    }

    @Test
    void nothingOutsideTheBuffersIsTouched() throws IOException {
        long[][] ranges = {
            {1, 0},
            {-1, 1},
            {0, BYTES + 1L},
            {BYTES, 1},
            {BYTES - 1, 2},
            {5, -5},
            {0, -1},
            {5, Long.MIN_VALUE},
            {-address, 1},
            {(1L << 32) - 1, 1L << 33}
        };
        for (long[] range : ranges) {
            for (int opcode : new int[] {0x00, 0x01, 0x80, 0x81}) {
                Socket peer = data();
                peer.getOutputStream().write(HandMadePeer.request(range[1], address + range[0], opcode, new byte[64]));
                if (opcode >= 0x80) {
                    assertThat(HandMadePeer.exactly(peer, 8))
                            .as("opcode 0x%02x, offset %d, size %d", opcode, range[0], range[1])
                            .isEqualTo(REJECTED);
                    peer.shutdownOutput();
                }
                assertEnds(peer);
            }
        }
        assertThat(memory.mismatch(arena.allocate(BYTES)))
                .as("nothing was written")
                .isEqualTo(-1);
        assertThat(server.stats().slicesRefused()).isEqualTo(4L * ranges.length);
        assertThat(HandMadePeer.ask(server.address().getPort(), 3, "{}")).contains("success");
    }

    private static void assertEnds(Socket peer) {
        try {
            assertThat(peer.getInputStream().read()).isEqualTo(-1);
        } catch (IOException _) {
            // reset: bytes of the refused payload were still under way
        }
    }

    @Test
    void anOpcodeThatDoesNotExistEndsTheConnection() throws IOException {
        for (int opcode : new int[] {2, 3, 0x7f, 0x82, 0xff}) {
            Socket peer = data();
            peer.getOutputStream().write(HandMadePeer.request(16, address, opcode));
            assertEnds(peer);
        }
        Eventually.holds("counted", () -> server.stats().protocolErrors() == 5);
    }

    @Test
    void aPeerThatBreaksOffLeavesTheOthersAlone() throws IOException {
        Socket healthy = data();
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int i = 0; i < 30; i++) {
            byte[] request = HandMadePeer.request(2000, address, 0x81, new byte[2000]);
            try (Socket peer = data()) {
                peer.getOutputStream().write(request, 0, random.nextInt(request.length));
            }
            try (Socket peer = new Socket(
                    InetAddress.getLoopbackAddress(), server.address().getPort())) {
                byte[] noise = random(random.nextLong(), random.nextInt(200));
                peer.getOutputStream().write(noise);
            }
        }
        healthy.getOutputStream().write(HandMadePeer.request(4, address, 0x81, (byte) 1, (byte) 2, (byte) 3, (byte) 4));

        assertThat(HandMadePeer.exactly(healthy, 8)).as("seed %d", seed).isEqualTo(OK);
        Eventually.holds("the others are gone", () -> {
            TransferServerStats stats = server.stats();
            return stats.connections() == 1 && stats.handshakes() == 0;
        });
    }

    @Test
    void silentConnectionsKeepNobodyOut() throws IOException {
        server.close();
        serve(TransferServerOptions.loopback(4096).withMaxConnections(8), WriteGuard.OPEN, ReadGuard.OPEN);
        for (int i = 0; i < 40; i++) {
            Socket unused = data();
        }
        Socket peer = data();
        peer.getOutputStream().write(HandMadePeer.request(1, address, 0x00));

        assertThat(HandMadePeer.exactly(peer, 1)).isEqualTo(new byte[1]);
        assertThat(server.stats().turnedAway()).isPositive();
        assertThat(server.stats().connections()).isLessThanOrEqualTo(8);
    }

    @Test
    void whoeverStopsInTheMiddleIsDisconnected() throws IOException {
        server.close();
        Duration patience = Duration.ofMillis(300);
        serve(
                TransferServerOptions.loopback(4096).withTimeouts(patience, patience, Duration.ofMinutes(5)),
                WriteGuard.OPEN,
                ReadGuard.OPEN);
        Socket halfHeader = data();
        halfHeader.getOutputStream().write(new byte[10]);
        Socket halfPayload = data();
        halfPayload.getOutputStream().write(HandMadePeer.request(100, address, 0x81, new byte[10]));
        Socket halfHandshake =
                new Socket(InetAddress.getLoopbackAddress(), server.address().getPort());
        open.add(halfHandshake);
        halfHandshake.getOutputStream().write(new byte[] {9, 0, 0});

        assertEnds(halfHeader);
        assertEnds(halfPayload);
        assertEnds(halfHandshake);
        Eventually.holds("counted", () -> server.stats().stalled() == 3);
    }

    @Test
    void guardsDecideOverMooncakesAccessesToo() throws IOException {
        server.close();
        serve(
                TransferServerOptions.loopback(4096),
                new WriteGuard() {
                    @Override
                    public Optional<Refusal> apply(IncomingSlice slice, Payload payload, MemorySegment target) {
                        return Optional.of(new Refusal(RefusalCode.UNKNOWN_TICKET, "no ticket"));
                    }

                    @Override
                    public void dropped(UUID ticket, long generation) {
                        // none is ever given out
                    }
                },
                ReadGuard.NONE);
        for (int opcode : new int[] {0x80, 0x81}) {
            Socket peer = data();
            peer.getOutputStream().write(HandMadePeer.request(4, address, opcode, new byte[opcode == 0x81 ? 4 : 0]));

            assertThat(HandMadePeer.exactly(peer, 8)).isEqualTo(REJECTED);
            peer.shutdownOutput();
            assertEnds(peer);
        }
    }

    @Test
    void whatTheWireCannotKeepIsRefusedAtTheStart() {
        TransferServerOptions options = TransferServerOptions.loopback(4096);
        Segment segment = Segment.open("s", memory);

        assertThatThrownBy(() -> new MooncakeProtocol()
                        .serve(
                                options.withSecurity(new TransferSecurity.SharedSecret(new byte[16]), false),
                                List.of(segment),
                                TimeSource.system()))
                .hasMessageContaining("neither secrets nor TLS");
        assertThatThrownBy(() -> new MooncakeProtocol()
                        .serve(
                                TransferServerOptions.listening("0.0.0.0", 0, 4096),
                                List.of(segment),
                                TimeSource.system()))
                .hasMessageContaining("--insecure-transfer");
        assertThatThrownBy(() -> new MooncakeProtocol(new MooncakeMetadata.PeerToPeer(), Optional.of("kv-1"))
                        .serve(options, List.of(segment), TimeSource.system()))
                .hasMessageContaining("'kv-1'")
                .hasMessageContaining("HOST:");
    }
}
