package io.yuebing.transfer.mooncake;

import io.yuebing.transfer.PeerComplaints;
import io.yuebing.transfer.TimeSource;
import io.yuebing.transfer.TransferServerOptions;
import io.yuebing.transfer.mooncake.HandshakeInput.MalformedHandshake;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Accepts connections, one virtual thread each, and bounds their number and their patience.
 *
 * <p>When all places are taken, the oldest connection that asks for nothing goes; if all are at work, the new one does.
 */
final class PeerListener implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(PeerListener.class);
    private static final Duration DEADLINE_CHECK = Duration.ofMillis(200);
    private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(5);

    private final ServerSocketChannel listener;
    private final InetSocketAddress address;
    private final TransferServerOptions options;
    private final Service service;
    private final MooncakeCounters counters;
    private final PeerComplaints complaints;
    private final TimeSource time;
    private final TimeSource.Beat deadlines;
    private final ConcurrentNavigableMap<Long, Running> open = new ConcurrentSkipListMap<>();
    private final AtomicInteger staying = new AtomicInteger();
    private final AtomicLong nextNumber = new AtomicLong();
    private volatile boolean closed;

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
            ServerSocketChannel listener,
            TransferServerOptions options,
            Service service,
            MooncakeCounters counters,
            PeerComplaints complaints,
            TimeSource time)
            throws IOException {
        this.listener = listener;
        this.address = (InetSocketAddress) listener.getLocalAddress();
        this.options = options;
        this.service = service;
        this.counters = counters;
        this.complaints = complaints;
        this.time = time;
        this.deadlines = time.every(DEADLINE_CHECK, "mooncake-deadlines-" + address.getPort(), this::checkDeadlines);
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
        ServerSocketChannel listener = ServerSocketChannel.open();
        try {
            listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            listener.bind(new InetSocketAddress(options.host(), port), 1024);
            return new PeerListener(listener, options, service, counters, complaints, time);
        } catch (IOException | RuntimeException e) {
            listener.close();
            throw new IOException(
                    "cannot listen for transfers on " + options.host() + ":" + port + ": " + e.getMessage()
                            + "; choose another transfer address",
                    e);
        }
    }

    InetSocketAddress address() {
        return address;
    }

    /** Those that are not on their way out. */
    int connections() {
        return staying.get();
    }

    void accept() {
        Thread.ofPlatform()
                .daemon()
                .name("mooncake-accept-" + address.getPort())
                .start(() -> {
                    while (!closed) {
                        try {
                            admit(listener.accept());
                        } catch (ClosedChannelException _) {
                            return;
                        } catch (IOException e) {
                            // out of file handles, most likely: those who are connected go on
                            complaints.log("any", "cannot be accepted: " + e.getMessage());
                            pause();
                        }
                    }
                });
    }

    private static void pause() {
        try {
            Thread.sleep(Duration.ofMillis(100));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void admit(SocketChannel channel) {
        PeerConnection connection;
        try {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
            connection = new PeerConnection(channel, time, options.idleTimeout());
        } catch (IOException e) {
            log.debug("a transfer connection was gone before it began: {}", e.getMessage());
            PeerConnection.closeQuietly(channel);
            return;
        }
        if (connections() >= options.maxConnections() && !makePlaceFor(connection)) {
            return;
        }
        Running running = new Running(connection, new AtomicBoolean(), new CountDownLatch(1));
        long number = nextNumber.getAndIncrement();
        staying.incrementAndGet();
        open.put(number, running);
        Thread.ofVirtual().name("mooncake-serve-" + connection.peerHost()).start(() -> serve(number, running));
        if (closed) {
            connection.stop();
        }
    }

    /** False if the new one is turned away because all others are at work. */
    private boolean makePlaceFor(PeerConnection connection) {
        Optional<Running> quiet = open.values().stream()
                .filter(other ->
                        other.connection().idle() && !other.connection().stopped())
                .findFirst();
        PeerConnection turnedAway = quiet.map(Running::connection).orElse(connection);
        turnedAway.stop();
        quiet.ifPresent(this::leaves);
        counters.turnedAway.increment();
        complaints.log(
                turnedAway.peerHost(),
                "turned away, all " + options.maxConnections() + " transfer connections of " + address + " are in use");
        return quiet.isPresent();
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
        closed = true;
        deadlines.close();
        PeerConnection.closeQuietly(listener);
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
