package io.yuebing.transfer.mooncake;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.transfer.ManualTime;
import io.yuebing.transfer.Segment;
import io.yuebing.transfer.TimeSource;
import io.yuebing.transfer.TransferServerOptions;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.json.JsonMapper;

/** Whoever sends nonsense to the ports of Mooncake's protocol, too little or nothing, harms nobody but himself. */
@Timeout(60)
class HostileMooncakePeersTest {
    private static final int BYTES = 3 << 20;
    private static final byte[] OK = {0, 0, 0, 0, 0x56, 0x54, 0x43, 0x4d};
    private static final Duration SHORT = Duration.ofMillis(300);

    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory = arena.allocate(BYTES);
    private final List<AutoCloseable> open = new ArrayList<>();
    private MooncakeServer server;
    private long address;

    @BeforeEach
    void start() throws IOException {
        serve(TransferServerOptions.loopback(64 << 10), TimeSource.system());
    }

    private void serve(TransferServerOptions options, TimeSource time) throws IOException {
        server = new MooncakeProtocol().serve(options, List.of(Segment.open("kv", memory)), time);
        open.add(server);
        address = JsonMapper.shared()
                .readTree(HandMadePeer.ask(daemonPort(), 1, "{}\n"))
                .path("buffers")
                .path(0)
                .path("addr")
                .asLong();
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
        arena.close();
    }

    private int daemonPort() {
        return server.address().getPort();
    }

    private Socket connect(int port) throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(16 << 10);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        socket.setSoTimeout(20_000);
        open.add(socket);
        return socket;
    }

    /** Both versions of the data plane and the daemon answer somebody new. */
    private void othersAreServed() throws IOException {
        othersAreServed(20_000);
    }

    private void othersAreServed(int millis) throws IOException {
        byte[] payload = {1, 2, 3, 4};
        try (Socket peer = new Socket(InetAddress.getLoopbackAddress(), server.dataPort())) {
            peer.setSoTimeout(millis);
            peer.getOutputStream().write(HandMadePeer.request(4, address + BYTES - 4, 0x81, payload));
            assertThat(HandMadePeer.exactly(peer, 8)).isEqualTo(OK);
            peer.getOutputStream().write(HandMadePeer.request(4, address + BYTES - 4, 0x00));
            assertThat(HandMadePeer.exactly(peer, 4)).isEqualTo(payload);
        }
        assertThat(HandMadePeer.ask(daemonPort(), 3, "{}\n")).contains("success");
    }

    private void nothingWasWritten() {
        assertThat(memory.asSlice(0, BYTES - 4).mismatch(arena.allocate(BYTES - 4)))
                .as("first byte that somebody wrote")
                .isEqualTo(-1);
    }

    /** Whatever the server says before, it ends the connection. */
    private static byte[] last(Socket socket) throws IOException {
        try {
            return socket.getInputStream().readAllBytes();
        } catch (SocketTimeoutException e) {
            throw new AssertionError("still connected after 20 s", e);
        } catch (IOException reset) {
            return new byte[0]; // what we sent was still unread there
        }
    }

    @Test
    void randomBytesEndTheirConnectionAndNothingElse() throws IOException {
        int connections = 60;
        for (int seed = 0; seed < connections; seed++) {
            Random random = new Random(seed);
            byte[] noise = new byte[64 + random.nextInt(4000)];
            random.nextBytes(noise);
            for (int port : new int[] {server.dataPort(), daemonPort()}) {
                Socket peer = connect(port);
                peer.getOutputStream().write(noise);
                peer.shutdownOutput();
                assertThat(last(peer).length).as("seed %d", seed).isLessThanOrEqualTo(8);
            }
        }
        Eventually.holds(
                "all counted",
                () -> server.stats().protocolErrors() + server.stats().slicesRefused() == 2 * connections);
        nothingWasWritten();
        othersAreServed();
    }

    /** Headers that are right but for their numbers, from all corners of 64 bits. */
    @Test
    void noSizeOrAddressReachesBeyondTheBuffer() throws IOException {
        long[] corners = {0, 1, -1, BYTES, 1L << 31, 1L << 32, Long.MAX_VALUE, Long.MIN_VALUE};
        for (int seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            long size = corners[random.nextInt(corners.length)] + random.nextInt(3) - 1;
            long offset = corners[random.nextInt(corners.length)] + random.nextInt(3) - 1;
            if (size >= 1 && offset >= 0 && offset <= BYTES - size) {
                continue; // that one is allowed
            }
            boolean write = random.nextBoolean();
            Socket peer = connect(server.dataPort());
            peer.getOutputStream()
                    .write(HandMadePeer.request(size, address + offset, write ? 0x81 : 0x80, new byte[write ? 64 : 0]));
            byte[] answer = HandMadePeer.exactly(peer, 8);
            assertThat(answer[0])
                    .as("status of %d bytes at offset %d, seed %d", size, offset, seed)
                    .isEqualTo((byte) 1);
            peer.close();
        }
        nothingWasWritten();
        othersAreServed();
    }

    @Test
    void handshakesOfImpossibleLengthOrContentAreNotAnswered() throws IOException {
        List<byte[]> bad = new ArrayList<>();
        for (long length :
                new long[] {0, -1, Long.MIN_VALUE, Long.MAX_VALUE, MooncakeDescriptor.MAX_HANDSHAKE_BYTES + 1L}) {
            bad.add(ByteBuffer.allocate(16)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(length)
                    .array());
        }
        for (int type : new int[] {4, 127, 128, 255}) {
            bad.add(HandMadePeer.frame(type, "{}"));
        }
        for (String text : List.of("{", "{]", "\0\0", "[".repeat(500_000), "\"" + "\\".repeat(99), "1e", "{\"a\":}")) {
            bad.add(HandMadePeer.frame(1, text));
        }
        for (byte[] frame : bad) {
            Socket peer = connect(daemonPort());
            peer.getOutputStream().write(frame);
            assertThat(last(peer))
                    .as("%d bytes beginning %s", frame.length, Arrays.toString(Arrays.copyOf(frame, 16)))
                    .isEmpty();
        }
        Eventually.holds("all counted", () -> server.stats().protocolErrors() == bad.size());
        othersAreServed();
    }

    /** Text of a megabyte that becomes a tree of many times its size, sent by many at once. */
    @Test
    void questionsThatUnfoldDoNotFillMemory() throws IOException {
        String nodes = "{},".repeat((MooncakeDescriptor.MAX_HANDSHAKE_BYTES - 10) / 3);
        byte[] frame = HandMadePeer.frame(1, "[" + nodes + "0]");
        for (int i = 0; i < 40; i++) {
            Socket peer = connect(daemonPort());
            peer.getOutputStream().write(frame);
            assertThat(HandMadePeer.exactly(peer, 9)[8]).isEqualTo((byte) 1); // it stays until it is cut off
        }
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        assertThat(runtime.totalMemory() - runtime.freeMemory())
                .as("bytes in use while 40 questions are answered and not finished")
                .isLessThan(300L << 20);
        othersAreServed();
    }

    @Test
    void whoNeverReadsIsCutOffWhileOthersAreServed() throws IOException {
        Duration patience = Duration.ofMillis(1500);
        serve(
                TransferServerOptions.loopback(64 << 10).withTimeouts(patience, patience, Duration.ofMinutes(5)),
                TimeSource.system());
        for (int opcode : new int[] {0x00, 0x80}) {
            Socket deaf = connect(server.dataPort());
            OutputStream out = deaf.getOutputStream();
            for (int i = 0; i < 8; i++) {
                out.write(HandMadePeer.request(BYTES, address, opcode));
            }
        }
        othersAreServed();
        Eventually.holds("both are cut off", () -> server.stats().stalled() == 2);
        othersAreServed();
    }

    @Test
    void aPayloadThatComesByteByByteIsCutOffThoughEachByteIsInTime() throws IOException {
        serve(
                TransferServerOptions.loopback(64 << 10).withTimeouts(SHORT, SHORT, Duration.ofMinutes(5)),
                TimeSource.system());
        Socket slow = connect(server.dataPort());
        slow.setSoTimeout(10);
        slow.getOutputStream().write(HandMadePeer.request(50_000, address, 0x81));
        Eventually.holds("cut off", () -> !takes(slow));
        nothingWasWritten();
        assertThat(server.stats().stalled()).isEqualTo(1);
    }

    private static boolean takes(Socket socket) {
        try {
            socket.getOutputStream().write(0);
            return socket.getInputStream().read() >= 0;
        } catch (SocketTimeoutException nothingSaid) {
            return true;
        } catch (IOException reset) {
            return false;
        }
    }

    @Test
    void aWriteThatWasLeftHalfDoneHoldsUpNoReaders() throws IOException {
        ManualTime time = new ManualTime();
        serve(TransferServerOptions.loopback(64 << 10), time);
        Socket half = connect(server.dataPort());
        half.getOutputStream().write(HandMadePeer.request(100, address, 0x01, new byte[10]));
        Eventually.holds("it has come", () -> server.stats().connections() == 1);

        // a reader that waited would wait for ever: time stands still
        othersAreServedOnceNothingHasMoved(time);
    }

    /** Bytes that were on their way when time went on count as moved then, so it has to go on once more. */
    private void othersAreServedOnceNothingHasMoved(ManualTime time) throws IOException {
        AssertionError last = new AssertionError("not tried");
        // not so often that the limit of a request is over
        for (int attempt = 0; attempt < 4; attempt++) {
            time.advance(Duration.ofSeconds(2));
            try {
                othersAreServed(2_000);
                return;
            } catch (IOException e) {
                last = new AssertionError("others are not served", e);
            }
        }
        throw last;
    }

    @Test
    void peersThatStopInTheMiddleOfAWriteLeaveTheirPlacesToOthers() throws IOException {
        ManualTime time = new ManualTime();
        serve(TransferServerOptions.loopback(64 << 10).withMaxConnections(4), time);
        for (int i = 0; i < 4; i++) {
            Socket half = connect(server.dataPort());
            half.getOutputStream().write(HandMadePeer.request(100, address, 0x81, new byte[10]));
        }
        Eventually.holds("all are there", () -> server.stats().connections() == 4);

        othersAreServedOnceNothingHasMoved(time);
    }

    @Test
    void thousandsOfSilentConnectionsKeepNobodyOut() throws IOException {
        for (int i = 0; i < 1500; i++) {
            Socket data = connect(server.dataPort());
            Socket daemon = connect(daemonPort());
            if (i % 3 == 0) {
                data.getOutputStream().write(new byte[10]);
                daemon.getOutputStream().write("\20\0\0".getBytes(StandardCharsets.US_ASCII));
            }
        }
        int most = TransferServerOptions.loopback(1).maxConnections();
        assertThat(server.stats().connections()).isLessThanOrEqualTo(most);
        assertThat(server.stats().handshakes()).isLessThanOrEqualTo(most);
        othersAreServed();
    }
}
