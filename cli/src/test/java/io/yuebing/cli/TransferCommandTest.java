package io.yuebing.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.transfer.Ucx;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PipedReader;
import java.io.PipedWriter;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What people and scripts may rely on when they move bytes by hand. */
@Timeout(60)
class TransferCommandTest {
    private static final int SEGMENT_BYTES = 1 << 20;

    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "shm", "mooncake", "ucx"})
    void whatIsWrittenIsReadBackAndStaysInTheOfferedFile(String protocol) throws Exception {
        Assumptions.assumeTrue(
                !protocol.equals("ucx") || Ucx.unavailable().isEmpty(),
                () -> Ucx.unavailable().orElse(""));
        Path offered = folder.resolve("offered.bin");
        Path copy = folder.resolve("copy.bin");
        byte[] data = new byte[700_001];
        new Random(7).nextBytes(data);
        Path source = Files.write(folder.resolve("data.bin"), data);
        try (Served served = new Served("--protocol", protocol, "--file", offered, "--size", SEGMENT_BYTES)) {
            String peer = served.address();
            assertThat(run("write", peer, protocol, "--offset", "4KiB", "--file", source))
                    .as(err.toString())
                    .isZero();
            assertThat(run("read", peer, protocol, "--offset", "4KiB", "--length", data.length, "--file", copy))
                    .as(err.toString())
                    .isZero();
            assertThat(Arrays.mismatch(Files.readAllBytes(copy), data)).isEqualTo(-1);
            assertThat(run("stat", peer, protocol)).as(err.toString()).isZero();
            JsonNode facts = JsonMapper.shared().readTree(out.toString());
            assertThat(facts.get("size").asLong()).isEqualTo(SEGMENT_BYTES);
            assertThat(facts.get("protocol").asString()).isEqualTo(protocol);
            assertThat(facts.get("address").asString()).isEqualTo(peer);
        }
        byte[] expected = new byte[SEGMENT_BYTES];
        System.arraycopy(data, 0, expected, 4096, data.length);
        assertThat(Arrays.mismatch(Files.readAllBytes(offered), expected)).isEqualTo(-1);
    }

    @Test
    void mistakesAreOneSentence() throws Exception {
        Path copy = folder.resolve("copy.bin");
        Path source = Files.write(folder.resolve("data.bin"), new byte[8192]);
        try (Served served = new Served("--protocol", "tcp", "--size", 8192)) {
            String peer = served.address();
            String leaves = " leave the segment 'segment' of " + peer + ", which has 8192 bytes";
            assertFails(2, "8192 bytes at offset 1" + leaves, "write", peer, "tcp", "--offset", "1", "--file", source);
            assertFails(2, "8193 bytes at offset 0" + leaves, "read", peer, "tcp", "--length", 8193, "--file", copy);
            assertFails(2, "at offset 9000" + leaves, "read", peer, "tcp", "--offset", "9000", "--file", copy);
            assertFails(2, "--offset '-1' was given", "read", peer, "tcp", "--offset", "-1", "--file", copy);
            assertFails(2, "--protocol 'rdma' is unknown, expected one of", "stat", peer, "rdma");
            assertFails(2, "there is no file", "write", peer, "tcp", "--file", folder.resolve("missing.bin"));
        }
        assertThat(copy).as("nothing is made for a read that was refused").doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "shm", "mooncake"})
    void nobodyListeningIsOneSentenceThatNamesThePeer(String protocol) throws IOException {
        String peer;
        try (ServerSocket gone = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            peer = "127.0.0.1:" + gone.getLocalPort();
        }
        assertFails(1, peer, "stat", peer, protocol, "--timeout", "5s");
    }

    private void assertFails(int code, String words, String command, String peer, String protocol, Object... more) {
        assertThat(run(command, peer, protocol, more)).as(err.toString()).isEqualTo(code);
        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .startsWith("yuebing: ")
                .contains(words);
        assertThat(out.toString()).isEmpty();
    }

    private int run(String command, String peer, String protocol, Object... more) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        CommandLine line = Commands.of(new Terminal(false, false, 100));
        line.setOut(new PrintWriter(out));
        line.setErr(new PrintWriter(err));
        String[] named = {"transfer", command, "--peer", peer, "--protocol", protocol};
        return line.execute(joined(named, more));
    }

    private static String[] joined(String[] first, Object... more) {
        String[] all = Arrays.copyOf(first, first.length + more.length);
        for (int i = 0; i < more.length; i++) {
            all[first.length + i] = String.valueOf(more[i]);
        }
        return all;
    }

    /** The command that serves, on a thread of its own, until it is closed as by Ctrl-C. */
    private static final class Served implements AutoCloseable {
        private final Thread thread;
        private final JsonNode announced;

        Served(Object... options) throws IOException {
            PipedWriter sink = new PipedWriter();
            BufferedReader lines = new BufferedReader(new PipedReader(sink));
            CommandLine line = Commands.of(new Terminal(false, false, 100));
            line.setOut(new PrintWriter(sink));
            String[] arguments = joined(new String[] {"transfer", "serve", "--listen", "127.0.0.1:0"}, options);
            thread = Thread.ofPlatform().daemon().start(() -> {
                try (sink) {
                    line.execute(arguments);
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            announced = JsonMapper.shared().readTree(lines.readLine());
        }

        String address() {
            return announced.get("address").asString();
        }

        @Override
        public void close() throws InterruptedException {
            thread.interrupt();
            assertThat(thread.join(Duration.ofSeconds(20))).isTrue();
        }
    }
}
