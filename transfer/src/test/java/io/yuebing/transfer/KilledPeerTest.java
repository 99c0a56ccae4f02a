package io.yuebing.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.transfer.TransferException.Kind;
import java.io.File;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A process that is killed with SIGKILL while bytes go both ways between it and this one. */
@Timeout(90)
class KilledPeerTest {
    private static final int SLICE = 256 << 10;
    private static final int SEGMENT = 4 << 20;
    private static final int IN_FLIGHT = 8;

    private final Arena arena = Arena.ofShared();
    private final List<AutoCloseable> open = new ArrayList<>();

    /** The other process: serves a segment, or writes to and reads from ours until it is killed. */
    static final class Peer {
        private Peer() {}

        public static void main(String[] arguments) throws Exception {
            TransferProtocol protocol = TransferProtocols.named(arguments[0]).orElseThrow();
            try (Arena memory = Arena.ofShared()) {
                if (arguments.length == 1) {
                    try (TransferServer server = serve(protocol, memory)) {
                        System.out.println(server.address().getPort());
                        System.in.read();
                    }
                } else {
                    try (Transport transport = protocol.transport(TransferClientOptions.DEFAULT, TimeSource.system())) {
                        TransferSession session = connect(transport, Integer.parseInt(arguments[1]));
                        Iterator<TransferBatch> ended = endless(session, memory).iterator();
                        for (int i = 1; ended.next() != null; i++) {
                            if (i == 3 * IN_FLIGHT) {
                                System.out.println("going");
                            }
                        }
                    }
                }
            }
        }
    }

    private static TransferServer serve(TransferProtocol protocol, Arena memory) throws Exception {
        Segment segment = Segment.open("all", memory.allocate(SEGMENT, 64));
        return protocol.serve(TransferServerOptions.loopback(SLICE), List.of(segment), TimeSource.system());
    }

    private static TransferSession connect(Transport transport, int port) throws TransferException {
        return transport.connect(new PeerAddress("127.0.0.1", port), "all", Greeting.EMPTY);
    }

    /** Batches of a write and a read each that have ended, with always as many under way. */
    private static Stream<TransferBatch> endless(TransferSession session, Arena memory) {
        MemorySegment local = memory.allocate(2L * SLICE, 64);
        List<Slice> slices = List.of(
                new SliceWrite(Slice.NO_TICKET, 0, 0, local.asSlice(0, SLICE)),
                new SliceRead(Slice.NO_TICKET, 0, SLICE, local.asSlice(SLICE, SLICE)));
        Deque<TransferBatch> underWay = new ArrayDeque<>();
        return Stream.generate(() -> {
            try {
                while (underWay.size() < IN_FLIGHT) {
                    underWay.add(session.submit(slices, BatchOptions.within(Duration.ofMinutes(1))));
                }
            } catch (TransferException e) {
                throw new CompletionException(e);
            }
            TransferBatch oldest = underWay.removeFirst();
            oldest.done().join();
            return oldest;
        });
    }

    private Process start(String... arguments) throws Exception {
        String path = Stream.of("jdk.module.path", "java.class.path")
                .map(name -> System.getProperty(name, ""))
                .collect(Collectors.joining(File.pathSeparator));
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                path
                        + File.pathSeparator
                        + Path.of("target", "test-classes").toAbsolutePath()
                        + File.pathSeparator
                        + Path.of("target", "classes").toAbsolutePath(),
                Peer.class.getName()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        open.add(process::destroyForcibly);
        return process;
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
        arena.close();
    }

    private static TransferProtocol named(String protocol) {
        TransferProtocol chosen = TransferProtocols.named(protocol).orElseThrow();
        if (chosen == TransferProtocols.UCX) {
            UcxHere.orSkip();
        }
        return chosen;
    }

    private TransferException failureAfterKilling(Process owner, TransferSession session) {
        Iterator<TransferBatch> ended = endless(session, arena).iterator();
        try {
            for (int i = 1; ended.next() != null; i++) {
                if (i == 3 * IN_FLIGHT) {
                    owner.destroyForcibly();
                }
            }
        } catch (CompletionException e) {
            if (e.getCause() instanceof TransferException failure) {
                return failure;
            }
            throw e;
        }
        throw new AssertionError("a stream that ends");
    }

    @ParameterizedTest
    @ValueSource(strings = {"shm", "ucx"})
    void whoseOwnerIsKilledIsToldInOneSentenceAndReachesItsSuccessor(String protocol) throws Exception {
        Transport transport = named(protocol).transport(TransferClientOptions.DEFAULT, TimeSource.system());
        open.add(transport);
        Process owner = start(protocol);
        TransferSession session =
                connect(transport, Integer.parseInt(owner.inputReader().readLine()));
        TransferException failure = failureAfterKilling(owner, session);
        assertThat(owner.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(failure.kind()).isEqualTo(Kind.CONNECTION_LOST);
        assertThat(failure.getMessage())
                .contains("127.0.0.1:" + session.peer().port())
                .doesNotContain("\n");
        Eventually.holds("the session has ended", () -> !session.isOpen() && session.bytesInFlight() == 0);
        Process successor = start(protocol);
        TransferSession next =
                connect(transport, Integer.parseInt(successor.inputReader().readLine()));
        assertThat(endless(next, arena).limit(IN_FLIGHT)).hasSize(IN_FLIGHT);
    }

    @ParameterizedTest
    @ValueSource(strings = {"shm", "ucx"})
    void anOwnerWhoseCallerIsKilledFreesItsConnectionsAndServesTheNext(String protocol) throws Exception {
        TransferProtocol chosen = named(protocol);
        TransferServer server = serve(chosen, arena);
        open.add(server);
        Process caller = start(protocol, Integer.toString(server.address().getPort()));
        assertThat(caller.inputReader().readLine()).isEqualTo("going");
        long before = server.stats().slicesReceived();
        Eventually.holds("bytes come", () -> server.stats().slicesReceived() > before + IN_FLIGHT);
        caller.destroyForcibly();
        assertThat(caller.waitFor(20, TimeUnit.SECONDS)).isTrue();
        Eventually.holds("its connections are gone", () -> server.stats().connections() == 0);
        assertThat(server.stats().checksumFailures()).isZero();
        Transport transport = chosen.transport(TransferClientOptions.DEFAULT, TimeSource.system());
        open.add(transport);
        TransferSession next = connect(transport, server.address().getPort());
        assertThat(endless(next, arena).limit(IN_FLIGHT)).hasSize(IN_FLIGHT);
    }
}
