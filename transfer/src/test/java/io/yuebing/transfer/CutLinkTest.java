package io.yuebing.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A peer in a network namespace behind two links, of which one is cut: no end of a connection is told, as when somebody
 * pulls out a cable. Needs root on Linux and {@code ip}; is skipped elsewhere, with the reason.
 */
@Timeout(120)
class CutLinkTest {
    /** Long for a busy machine, short beside that of nodes. */
    private static final TransferClientOptions IMPATIENT = new TransferClientOptions(
            Duration.ofSeconds(2),
            Duration.ofSeconds(3),
            64 << 10,
            1,
            List.of(),
            Optional.empty(),
            Checksum.CRC32C,
            new TransferSecurity.None());

    /** Two links into a namespace of its own; numbers of addresses and names come from the process. */
    private static final class TwoLinks implements AutoCloseable {
        private static final int PROCESS = (int) (ProcessHandle.current().pid() % 100_000);

        private final String namespace = "ybcut" + PROCESS;

        /** @return why it cannot be had here; empty when it is there */
        Optional<String> lay() throws IOException, InterruptedException {
            if (!Files.isDirectory(Path.of("/proc/self/ns"))) {
                return Optional.of("SKIPPED: network namespaces are Linux's");
            }
            try {
                ip("netns", "add", namespace);
                for (int link = 0; link < 2; link++) {
                    ip("link", "add", near(link), "type", "veth", "peer", "name", far(link), "netns", namespace);
                    ip("address", "add", host(link, 1) + "/24", "dev", near(link));
                    ip("-n", namespace, "address", "add", host(link, 2) + "/24", "dev", far(link));
                    ip("link", "set", near(link), "up");
                    plug(link, "up");
                }
                return Optional.empty();
            } catch (IOException e) {
                return Optional.of("SKIPPED: no links into a network namespace can be laid here: " + e.getMessage());
            }
        }

        private static String near(int link) {
            return "ybn" + link + "-" + PROCESS;
        }

        private static String far(int link) {
            return "ybf" + link + "-" + PROCESS;
        }

        /** From the range that is set aside for measurements of networks, 198.18.0.0/15. */
        static String host(int link, int end) {
            return "198.18." + (2 * (PROCESS % 120) + link) + "." + end;
        }

        /** @param state {@code up} or {@code down} */
        void plug(int link, String state) throws IOException, InterruptedException {
            ip("-n", namespace, "link", "set", far(link), state);
        }

        private static void ip(String... arguments) throws IOException, InterruptedException {
            List<String> command = new ArrayList<>(List.of("ip"));
            command.addAll(List.of(arguments));
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IOException(String.join(" ", command) + ": " + said.strip());
            }
        }

        /** Runs a class of the tests in the namespace, in a process of its own that ends with its input. */
        Process inside(Class<?> main, String... arguments) throws IOException {
            List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", namespace));
            command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            command.addAll(List.of("-XX:TieredStopAtLevel=1", "--enable-native-access=ALL-UNNAMED", "-cp"));
            command.add(String.join(
                    File.pathSeparator,
                    "target/test-classes",
                    "target/classes",
                    System.getProperty("jdk.module.path", ""),
                    System.getProperty("java.class.path")));
            command.add(main.getName());
            command.addAll(List.of(arguments));
            return new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
        }

        @Override
        public void close() throws IOException, InterruptedException {
            if (Files.exists(Path.of("/var/run/netns", namespace))) {
                ip("netns", "del", namespace);
            }
        }
    }

    @Test
    void theWorkOfACutLinkGoesOverTheOtherAndTheLinkIsTakenBack() throws Exception {
        try (TwoLinks links = new TwoLinks();
                Arena arena = Arena.ofShared()) {
            Optional<String> missing = links.lay();
            assumeTrue(missing.isEmpty(), () -> missing.orElse(""));
            List<InetAddress> cards =
                    List.of(InetAddress.getByName(TwoLinks.host(0, 1)), InetAddress.getByName(TwoLinks.host(1, 1)));
            String first = TwoLinks.host(0, 2);
            String second = TwoLinks.host(1, 2);
            Process peer = links.inside(FarPeer.class, first, second);
            try (BufferedReader said = peer.inputReader();
                    Transport transport =
                            TransferProtocols.TCP.transport(IMPATIENT.withLocalAddresses(cards), TimeSource.system())) {
                int port = Integer.parseInt(said.readLine());
                TransferSession session =
                        transport.connect(new PeerAddress(first, port), "kv", Greetings.furtherHost(second));
                Eventually.holds("a lane over each link", () -> session.lanes() == 2);
                byte mark = 1;
                links.plug(1, "down");
                for (int round = 0; round < 100 && session.lanes() == 2; round++) {
                    writeAndRead(session, arena, mark++);
                }
                assertThat(session.lanes()).as("lanes with a link cut").isEqualTo(1);
                writeAndRead(session, arena, mark++);
                links.plug(1, "up");
                Eventually.holds("a lane over each link again", () -> session.lanes() == 2);
                writeAndRead(session, arena, mark);
            } finally {
                peer.destroyForcibly().waitFor();
            }
        }
    }

    /** Writes everything and reads it back, whatever lanes it takes. */
    private static void writeAndRead(TransferSession session, Arena arena, byte mark) throws Exception {
        MemorySegment sent = arena.allocate(FarPeer.BYTES).fill(mark);
        MemorySegment got = arena.allocate(FarPeer.BYTES);
        List<Slice> writes = new ArrayList<>();
        List<Slice> reads = new ArrayList<>();
        for (long at = 0; at < FarPeer.BYTES; at += FarPeer.SLICE) {
            writes.add(new SliceWrite(Slice.NO_TICKET, 0, at, sent.asSlice(at, FarPeer.SLICE)));
            reads.add(new SliceRead(Slice.NO_TICKET, 0, at, got.asSlice(at, FarPeer.SLICE)));
        }
        for (List<Slice> batch : List.of(writes, reads)) {
            session.submit(batch, BatchOptions.within(Duration.ofMinutes(1)))
                    .done()
                    .orTimeout(30, TimeUnit.SECONDS)
                    .join();
        }
        assertThat(got.mismatch(sent)).as("first byte that is not %d", mark).isEqualTo(-1);
    }

    /** The process at the far end of the links; its arguments are its addresses. */
    static final class FarPeer {
        private static final int SLICE = 4096;
        private static final int BYTES = 400 * SLICE;

        private FarPeer() {}

        /** Prints its port and ends with its input. */
        public static void main(String[] addresses) throws IOException {
            TransferServerOptions options = TransferServerOptions.listening(addresses[0], 0, SLICE)
                    .withFurtherHosts(List.of(addresses[1]))
                    .withSecurity(new TransferSecurity.None(), true);
            try (Arena arena = Arena.ofShared();
                    TransferServer server = TransferProtocols.TCP.serve(
                            options, List.of(Segment.open("kv", arena.allocate(BYTES))), TimeSource.system())) {
                System.out.println(server.address().getPort());
                while (System.in.read() >= 0) {
                    // nothing is said here
                }
            }
        }
    }
}
