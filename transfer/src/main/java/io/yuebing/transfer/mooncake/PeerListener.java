package io.yuebing.transfer.mooncake;

import io.yuebing.transfer.Acceptor;
import io.yuebing.transfer.PeerComplaints;
import io.yuebing.transfer.TimeSource;
import io.yuebing.transfer.TransferServerOptions;
import io.yuebing.transfer.mooncake.HandshakeInput.MalformedHandshake;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;

/**
 * Accepts connections, one virtual thread each, and bounds their number and their patience.
 *
 * <p>When all places are taken, the oldest connection that asks for nothing goes, or else the oldest that stands still; if
 * all are at work, the new one does.
 */
final class PeerListener implements AutoCloseable {
    private static final Duration DEADLINE_CHECK = Duration.ofMillis(200);
    /** Without a byte moving for so long a peer has no claim to its place when others want it. */
    private static final Duration STANDS_STILL = Duration.ofSeconds(1);

    private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(5);

    private final Acceptor acceptor;
    private final TransferServerOptions options;
    private final Service service;
    private final MooncakeCounters counters;
    private final PeerComplaints complaints;
    private final TimeSource time;
    private final TimeSource.Beat deadlines;
    private final ConcurrentNavigableMap<Long, Running> open = new ConcurrentSkipListMap<>();
    private final AtomicInteger staying = new AtomicInteger();
    private final AtomicLong nextNumber = new AtomicLong();

    /** What is done with a connection, from its first byte to its end. */
    @FunctionalInterface
    interface Service {
        /**
         * @param earlier those accepted before it that are still open
         */
        void serve(PeerConnection connection, Iterable<PeerConnection> earlier) throws IOException;
    }

    private record Running(PeerConnection connection, AtomicBoolean leaving, CountDownLatch ended) {}

    private PeerListener(
            Acceptor acceptor,
            TransferServerOptions options,
            Service service,
            MooncakeCounters counters,
            PeerComplaints complaints,
            TimeSource time) {
        this.acceptor = acceptor;
        this.options = options;
        this.service = service;
        this.counters = counters;
        this.complaints = complaints;
        this.time = time;
        this.deadlines = time.every(
                DEADLINE_CHECK, "mooncake-deadlines-" + acceptor.address().getPort(), this::checkDeadlines);
    }

    /**
     * Binds; connections wait until {@link #accept} is called.
     *
     * @param port 0 = any free one
     * @throws IOException if the address cannot be bound, as a sentence that names it
     */
    static PeerListener bind(
            int port,
            TransferServerOptions options,
            Service service,
            MooncakeCounters counters,
            PeerComplaints complaints,
            TimeSource time)
            throws IOException {
        return new PeerListener(Acceptor.bind(options.host(), port), options, service, counters, complaints, time);
    }

    InetSocketAddress address() {
        return acceptor.address();
    }

    /** Those that are not on their way out. */
    int connections() {
        return staying.get();
    }

    void accept() {
        acceptor.start(this::admit, complaints);
    }

    private void admit(SocketChannel channel) throws IOException {
        PeerConnection connection = new PeerConnection(channel, time, options.idleTimeout());
        if (connections() >= options.maxConnections() && !makePlaceFor(connection)) {
            return;
        }
        Running running = new Running(connection, new AtomicBoolean(), new CountDownLatch(1));
        long number = nextNumber.getAndIncrement();
        staying.incrementAndGet();
        open.put(number, running);
        Thread.ofVirtual().name("mooncake-serve-" + connection.peerHost()).start(() -> serve(number, running));
    }

    /** False if the new one is turned away because all others are at work. */
    private boolean makePlaceFor(PeerConnection connection) {
        Optional<Running> quiet =
                oldest(PeerConnection::idle).or(() -> oldest(other -> !other.movedWithin(STANDS_STILL)));
        PeerConnection turnedAway = quiet.map(Running::connection).orElse(connection);
        turnedAway.stop();
        quiet.ifPresent(this::leaves);
        counters.turnedAway.increment();
        complaints.log(
                turnedAway.peerHost(),
                "turned away, all " + options.maxConnections() + " transfer connections of " + address()
                        + " are in use");
        return quiet.isPresent();
    }

    private Optional<Running> oldest(Predicate<PeerConnection> wanted) {
        return open.values().stream()
                .filter(other -> !other.connection().stopped() && wanted.test(other.connection()))
                .findFirst();
    }

    private void leaves(Running running) {
        if (running.leaving().compareAndSet(false, true)) {
            staying.decrementAndGet();
        }
    }

    private void serve(long number, Running running) {
        PeerConnection connection = running.connection();
        try {
            service.serve(
                    connection,
                    () -> open.headMap(number).values().stream()
                            .map(Running::connection)
                            .iterator());
        } catch (MalformedHandshake e) {
            counters.protocolErrors.increment();
            complaints.log(connection.peerHost(), "sent " + e.getMessage() + "; disconnected");
        } catch (EOFException e) {
            complaints.log(connection.peerHost(), "connection lost: " + e.getMessage());
        } catch (IOException e) {
            if (!connection.stopped()) {
                complaints.log(connection.peerHost(), "connection lost: " + e.getMessage());
            }
        } catch (RuntimeException e) {
            complaints.log(connection.peerHost(), "serving failed, disconnected: " + e);
        } finally {
            connection.stop();
            leaves(running);
            open.remove(number);
            running.ended().countDown();
        }
    }

    private void checkDeadlines() {
        long now = time.nanoTime();
        for (Running running : open.values()) {
            if (running.connection().closeIfOverdue(now)) {
                counters.stalled.increment();
                complaints.log(
                        running.connection().peerHost(), "nothing moved in the middle of a request, disconnected");
            }
        }
    }

    /** Ends every connection and waits until none touches memory. */
    @Override
    public void close() {
        deadlines.close();
        acceptor.close();
        open.values().forEach(running -> running.connection().stop());
        try {
            for (Running running : open.values()) {
                running.ended().await(CLOSE_PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
