package io.yuebing.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A session outlives its lanes but the last. */
@Timeout(60)
class LanesTest {
    private static final int SLICE = 4096;
    private static final BatchOptions MINUTE = BatchOptions.within(Duration.ofMinutes(1));

    private final ManualTime time = new ManualTime();

    /** Passes bytes until a connection is cut. */
    private static final class Cables implements AutoCloseable {
        private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        private final InetSocketAddress target;
        private final List<Socket> near = new CopyOnWriteArrayList<>();

        Cables(InetSocketAddress target) throws IOException {
            this.target = target;
            Thread.ofVirtual().start(this::accept);
        }

        private void accept() {
            try {
                while (true) {
                    Socket here = listener.accept();
                    Socket there = new Socket(target.getAddress(), target.getPort());
                    Thread.ofVirtual().start(() -> pump(here, there));
                    Thread.ofVirtual().start(() -> pump(there, here));
                    near.add(here);
                }
            } catch (IOException _) {
                // closed
            }
        }

        private static void pump(Socket from, Socket to) {
            try (from;
                    to) {
                from.getInputStream().transferTo(to.getOutputStream());
            } catch (IOException _) {
                // cut
            }
        }

        void cut(int connection) throws IOException {
            near.get(connection).close();
        }

        @Override
        public void close() throws IOException {
            listener.close();
            for (Socket socket : near) {
                socket.close();
            }
        }
    }

    @Test
    void aBrokenLaneCostsNothingAndComesBackAfterItsPause() throws Exception {
        RecordingGuard guard = RecordingGuard.holding();
        try (Arena arena = Arena.ofShared()) {
            MemorySegment memory = arena.allocate(1 << 20);
            Segment segment = new Segment("kv", memory, guard, Greeting.EMPTY);
            try (TransferServer server =
                            TransferProtocols.TCP.serve(TransferServerOptions.loopback(SLICE), List.of(segment), time);
                    Cables cables = new Cables(server.address());
                    Transport transport = TransferProtocols.TCP.transport(
                            TransferClientOptions.DEFAULT.withLanes(2).withWindowBytes(64 << 10), time)) {
                TransferSession session = transport.connect(
                        new PeerAddress("127.0.0.1", cables.listener.getLocalPort()), "kv", Greeting.EMPTY);
                Eventually.holds("two lanes", () -> session.lanes() == 2);
                List<Slice> writes = new ArrayList<>();
                for (int i = 0; i < 200; i++) {
                    writes.add(new SliceWrite(
                            Slice.NO_TICKET,
                            0,
                            (long) i * SLICE,
                            arena.allocate(SLICE).fill((byte) (i + 1))));
                }
                TransferBatch batch = session.submit(writes, MINUTE);
                guard.arrivals.acquire(2);
                cables.cut(0);
                Eventually.holds("one lane", () -> session.lanes() == 1);
                guard.permits.release(Integer.MAX_VALUE);
                batch.done().orTimeout(20, TimeUnit.SECONDS).join();
                for (int i = 0; i < 200; i++) {
                    assertThat(memory.asSlice((long) i * SLICE, SLICE)
                                    .mismatch(writes.get(i).local()))
                            .as("slice %d", i)
                            .isEqualTo(-1);
                }
                time.advance(LaneKeeper.FIRST_PAUSE.minusMillis(1));
                assertThat(session.lanes()).isEqualTo(1);
                time.advance(Duration.ofMillis(1));
                Eventually.holds("two lanes again", () -> lanesAfterABeat(session) == 2);
                time.advance(LaneKeeper.LONGEST_PAUSE);
                cables.cut(2);
                Eventually.holds("one lane again", () -> session.lanes() == 1);
                time.advance(LaneKeeper.FIRST_PAUSE);
                Eventually.holds(
                        "two lanes after a short pause, for the last one held long",
                        () -> lanesAfterABeat(session) == 2);
                session.submit(writes, MINUTE)
                        .done()
                        .orTimeout(20, TimeUnit.SECONDS)
                        .join();
            }
        }
    }

    /** Beats come again and again, though time stands still. */
    private int lanesAfterABeat(TransferSession session) {
        time.advance(Duration.ZERO);
        return session.lanes();
    }
}
