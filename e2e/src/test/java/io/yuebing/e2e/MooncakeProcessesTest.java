package io.yuebing.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Processes of the command line share a segment with a peer that speaks Mooncake's documented frames. */
@Timeout(90)
class MooncakeProcessesTest {
    private static final byte[] OK = {0, 0, 0, 0, 0x56, 0x54, 0x43, 0x4d};

    @TempDir
    private Path folder;

    @Test
    void whatAMooncakePeerWritesAnotherProcessReads() throws Exception {
        byte[] bytes = new byte[300_000];
        new Random(1).nextBytes(bytes);
        Process serving = new ProcessBuilder(ServerProcess.command(List.of(
                        "transfer", "serve", "--protocol", "mooncake", "--listen", "127.0.0.1:0", "--size", "1MiB")))
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (BufferedReader output = serving.inputReader()) {
            JsonNode announced = JsonMapper.shared().readTree(output.readLine());
            String name = announced.path("name").asString();
            int port = Integer.parseInt(name.substring(name.indexOf(':') + 1));
            JsonNode descriptor = JsonMapper.shared().readTree(ask(port, "{\"name\":\"peer\"}\n"));
            long address = descriptor.path("buffers").path(0).path("addr").asLong();
            try (Socket data = new Socket(
                    InetAddress.getLoopbackAddress(),
                    descriptor.path("tcp_data_port").asInt())) {
                data.getOutputStream().write(request(bytes.length, address + 11, 0x81));
                data.getOutputStream().write(bytes);
                assertThat(data.getInputStream().readNBytes(8)).isEqualTo(OK);

                Path copy = folder.resolve("copy.bin");
                call("read", "--peer", name, "--offset", "11", "--length", "300000", "--file", copy.toString());
                assertThat(Arrays.equals(Files.readAllBytes(copy), bytes)).isTrue();

                call("write", "--peer", name, "--offset", "400000", "--file", copy.toString());
                data.getOutputStream().write(request(bytes.length, address + 400_000, 0x00));
                assertThat(Arrays.equals(data.getInputStream().readNBytes(bytes.length), bytes))
                        .isTrue();
            }
        } finally {
            serving.destroy();
            assertThat(serving.waitFor(20, TimeUnit.SECONDS)).isTrue();
        }
    }

    private void call(String... arguments) throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(List.of("transfer", arguments[0], "--protocol", "mooncake"));
        all.addAll(List.of(arguments).subList(1, arguments.length));
        Path log = folder.resolve(arguments[0] + ".log");
        Process process = new ProcessBuilder(ServerProcess.command(all))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            assertThat(process.waitFor(40, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).as(Files.readString(log)).isZero();
        } finally {
            process.destroyForcibly();
        }
    }

    private static byte[] request(long size, long address, int opcode) {
        return ByteBuffer.allocate(24)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(size)
                .putLong(address)
                .put((byte) opcode)
                .array();
    }

    private static String ask(int port, String json) throws IOException {
        byte[] text = json.getBytes(StandardCharsets.UTF_8);
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream()
                    .write(ByteBuffer.allocate(9 + text.length)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(text.length + 1L)
                            .put((byte) 1)
                            .put(text)
                            .array());
            long length = ByteBuffer.wrap(socket.getInputStream().readNBytes(8))
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .getLong();
            byte[] body = socket.getInputStream().readNBytes((int) length);
            return new String(body, 1, body.length - 1, StandardCharsets.UTF_8);
        }
    }
}
