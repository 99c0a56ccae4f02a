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
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Loopback addresses stand for network cards: 127.0.0.2 and 127.0.0.3 on both sides. */
@Timeout(60)
class NetworkCardsTest {
    private static final int SLICE = 4096;
    private static final int SLICES = 400;
    private static final String FIRST = "127.0.0.2";
    private static final String SECOND = "127.0.0.3";

    private static final Greeting TWO_ADDRESSES = Greetings.furtherHost(SECOND);

    private final ManualTime time = new ManualTime();

    @Test
    void lanesAreSpreadOverTheCardsOfBothSides() throws Exception {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment memory = arena.allocate((long) SLICES * SLICE);
            try (TransferServer server = TransferProtocols.TCP.serve(
                            TransferServerOptions.listening(FIRST, 0, SLICE).withFurtherHosts(List.of(SECOND)),
                            List.of(Segment.open("kv", memory)),
                            TimeSource.system());
                    Transport transport = transport(TimeSource.system())) {
                TransferSession session = transport.connect(
                        new PeerAddress(FIRST, server.address().getPort()), "kv", TWO_ADDRESSES);
                Eventually.holds("two lanes", () -> session.lanes() == 2);
                List<SliceWrite> writes = writes(arena);
                for (int round = 0; server.traffic().size() < 2 && round < 1000; round++) {
                    write(session, writes);
                }
                // the system chooses the card of the first lane, before the peer has named its addresses
                assertThat(server.traffic()).hasSize(2).containsKey(SECOND);
                assertArrived(memory, writes);
            }
        }
    }

    @Test
    void aCardThatFailsIsLeftOutAndTriedAgainLater() throws Exception {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment memory = arena.allocate((long) SLICES * SLICE);
            RecordingGuard guard = RecordingGuard.holding();
            try (TransferServer server = TransferProtocols.TCP.serve(
                            TransferServerOptions.loopback(SLICE),
                            List.of(new Segment("kv", memory, guard, Greeting.EMPTY)),
                            time);
                    Card first = Card.plugIn(FIRST, 0, server.address());
                    Transport transport = transport(time)) {
                List<SliceWrite> writes = writes(arena);
                TransferSession session;
                try (Card second = Card.plugIn(SECOND, first.port(), server.address())) {
                    session = transport.connect(new PeerAddress(FIRST, first.port()), "kv", TWO_ADDRESSES);
                    Eventually.holds("two lanes", () -> session.lanes() == 2);
                    TransferBatch batch = session.submit(writes, BatchOptions.within(Duration.ofMinutes(1)));
                    guard.arrivals.acquire(2);
                    second.close();
                    Eventually.holds("one lane", () -> session.lanes() == 1);
                    guard.permits.release(Integer.MAX_VALUE);
                    batch.done().orTimeout(20, TimeUnit.SECONDS).join();
                }
                assertArrived(memory, writes);
                for (int i = 0; i < 20; i++) {
                    time.advance(LaneKeeper.FIRST_PAUSE.dividedBy(4));
                    assertThat(session.lanes()).isEqualTo(1);
                }
                write(session, writes);
                try (Card again = Card.plugIn(SECOND, first.port(), server.address())) {
                    // an attempt that is still failing when the time comes lets it pass
                    for (int attempt = 0; attempt < 5 && session.lanes() < 2; attempt++) {
                        time.advance(LaneKeeper.LONGEST_PAUSE);
                        awaitLanes(session, 2);
                    }
                    assertThat(session.lanes()).isEqualTo(2);
                    assertThat(again.connections()).isPositive();
                }
            }
        }
    }

    @Test
    void aPortThatIsTakenOnOneCardIsGivenUpOnAll() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName(SECOND));
                Arena arena = Arena.ofShared()) {
            MemorySegment memory = arena.allocate(SLICE);
            TransferServerOptions options = TransferServerOptions.listening(FIRST, taken.getLocalPort(), SLICE)
                    .withFurtherHosts(List.of(SECOND));
            assertThat(refusal(options, memory))
                    .startsWith("cannot listen for transfers on " + SECOND + ":" + taken.getLocalPort());
            try (ServerSocket free = new ServerSocket(taken.getLocalPort(), 1, InetAddress.getByName(FIRST))) {
                assertThat(free.isBound()).isTrue();
            }
        }
    }

    private static void awaitLanes(TransferSession session, int lanes) {
        long end = System.nanoTime() + 3_000_000_000L;
        while (session.lanes() < lanes && System.nanoTime() < end) {
            LockSupport.parkNanos(500_000);
        }
    }

    private static String refusal(TransferServerOptions options, MemorySegment memory) {
        try (TransferServer server =
                TransferProtocols.TCP.serve(options, List.of(Segment.open("kv", memory)), TimeSource.system())) {
            return "listens on " + server.address();
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private static Transport transport(TimeSource time) throws IOException {
        return TransferProtocols.TCP.transport(
                TransferClientOptions.DEFAULT
                        .withWindowBytes(64 << 10)
                        .withLocalAddresses(List.of(InetAddress.getByName(FIRST), InetAddress.getByName(SECOND))),
                time);
    }

    private static List<SliceWrite> writes(Arena arena) {
        List<SliceWrite> writes = new ArrayList<>();
        for (int i = 0; i < SLICES; i++) {
            writes.add(new SliceWrite(
                    Slice.NO_TICKET, 0, (long) i * SLICE, arena.allocate(SLICE).fill((byte) (i + 1))));
        }
        return writes;
    }

    private static void write(TransferSession session, List<SliceWrite> writes) throws TransferException {
        session.submit(writes, BatchOptions.within(Duration.ofMinutes(1)))
                .done()
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
    }

    private static void assertArrived(MemorySegment memory, List<SliceWrite> writes) {
        for (SliceWrite write : writes) {
            assertThat(memory.asSlice(write.remoteOffset(), SLICE).mismatch(write.local()))
                    .as("slice at %d", write.remoteOffset())
                    .isEqualTo(-1);
        }
    }

    /** A network card of the peer: passes bytes until it is pulled out. */
    private record Card(ServerSocket listener, InetSocketAddress target, List<Socket> near) implements AutoCloseable {
        static Card plugIn(String address, int port, InetSocketAddress target) throws IOException {
            Card card = new Card(
                    new ServerSocket(port, 50, InetAddress.getByName(address)), target, new CopyOnWriteArrayList<>());
            Thread.ofVirtual().start(card::accept);
            return card;
        }

        int port() {
            return listener.getLocalPort();
        }

        int connections() {
            return near.size();
        }

        private void accept() {
            try {
                while (true) {
                    Socket here = listener.accept();
                    Socket there = new Socket(target.getAddress(), target.getPort());
                    near.add(here);
                    Thread.ofVirtual().start(() -> pump(here, there));
                    Thread.ofVirtual().start(() -> pump(there, here));
                }
            } catch (IOException _) {
                // pulled out
            }
        }

        private static void pump(Socket from, Socket to) {
            try (from;
                    to) {
                from.getInputStream().transferTo(to.getOutputStream());
            } catch (IOException _) {
                // pulled out
            }
        }

        @Override
        public void close() throws IOException {
            listener.close();
            for (Socket socket : near) {
                socket.close();
            }
        }
    }
}
