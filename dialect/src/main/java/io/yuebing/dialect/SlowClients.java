package io.yuebing.dialect;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Cuts off clients that keep a handler waiting: with a request that never becomes whole, or by not reading the answer.
 *
 * <p>Helidon bounds each read of a socket, so a byte now and then holds a connection for ever, and no write at all.
 * A thread that waits too long is interrupted, which closes its socket, since it is a virtual one.
 */
final class SlowClients implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SlowClients.class);
    private static final int HOSTS_REMEMBERED = 1024;
    private static final String HEADERS = "the headers of its request have not arrived";
    private static final String BODY = "the body of its request has not arrived";

    /**
     * How long a client may take.
     *
     * @param headers from the first byte of the request line to the last header, or for one frame of HTTP/2
     * @param body for all of it
     * @param piece without taking one piece of an answer
     */
    record Patience(Duration headers, Duration body, Duration piece) {
        static final Patience USUAL =
                new Patience(Duration.ofSeconds(30), Duration.ofMinutes(2), Duration.ofMinutes(1));
    }

    private final Patience patience;
    private final Set<Waiting> waits = ConcurrentHashMap.newKeySet();
    private final Set<String> named = ConcurrentHashMap.newKeySet();
    private final Thread sweeper;

    SlowClients(Patience patience) {
        this.patience = patience;
        sweeper = Thread.ofVirtual().name("slow-clients").start(this::sweep);
    }

    /** A thread that waits for its client; the end must be told by the same thread. */
    private final class Waiting implements ClientConnection.Wait {
        private final Thread thread = Thread.currentThread();
        private final String host;
        private final String what;
        private final Duration limit;
        private final long sinceNanos;
        private boolean ended;
        private boolean interrupted;

        /** @param spentNanos what of the limit is over already */
        private Waiting(String host, String what, Duration limit, long spentNanos) {
            this.host = host;
            this.what = what;
            this.limit = limit;
            sinceNanos = System.nanoTime() - spentNanos;
            waits.add(this);
        }

        private synchronized void cutOffIfOverdue(long nowNanos) {
            if (!ended && nowNanos - sinceNanos > limit.toNanos()) {
                ended = true;
                waits.remove(this);
                if (thread.isAlive()) {
                    interrupted = true;
                    thread.interrupt();
                    complain(this);
                }
            }
        }

        @Override
        public synchronized void close() {
            ended = true;
            waits.remove(this);
            if (interrupted) {
                boolean ignored =
                        Thread.interrupted(); // it was for this wait, and for nothing that the thread does later
            }
        }
    }

    /** What a client may take in several reads together: only the time in which it is waited for counts. */
    final class Allowance {
        private final String host;
        private final String what;
        private final Duration limit;
        private long spentNanos;

        private Allowance(String host, String what, Duration limit) {
            this.host = host;
            this.what = what;
            this.limit = limit;
        }

        /** Reads within what is left; a client that takes longer is cut off, so the read fails. */
        byte[] read(Supplier<byte[]> source) {
            long began = System.nanoTime();
            try (Waiting ignored = new Waiting(host, what, limit, spentNanos)) {
                return source.get();
            } finally {
                spentNanos += System.nanoTime() - began;
            }
        }

        /** The client has done what it was waited for. */
        void renew() {
            spentNanos = 0;
        }
    }

    Allowance forHeaders(String host) {
        return new Allowance(host, HEADERS, patience.headers());
    }

    Allowance forBody(String host) {
        return new Allowance(host, BODY, patience.body());
    }

    Allowance forFrame(String host) {
        return new Allowance(
                host, "a frame that it began, or the headers of a request, have not arrived", patience.headers());
    }

    ClientConnection.Wait body(String host) {
        return new Waiting(host, BODY, patience.body(), 0);
    }

    ClientConnection.Wait piece(String host) {
        return new Waiting(host, "it has not read its answer", patience.piece(), 0);
    }

    private void sweep() {
        long pause = Math.min(1000, patience.piece().toMillis() / 4);
        try {
            while (true) {
                Thread.sleep(pause);
                long now = System.nanoTime();
                waits.forEach(wait -> wait.cutOffIfOverdue(now));
            }
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }

    private void complain(Waiting wait) {
        complain(wait.host, wait.what + " within " + wait.limit.toMillis() / 1e3 + " s");
    }

    /** Says why a client is disconnected; names a host once, however often it comes back. */
    void complain(String host, String why) {
        if (named.size() >= HOSTS_REMEMBERED) {
            named.clear();
        }
        if (named.add(host)) {
            LOG.warn("client {}: {}, disconnected (more of this client are logged at level debug)", host, why);
        } else {
            LOG.debug("client {}: {}, disconnected", host, why);
        }
    }

    @Override
    public void close() {
        sweeper.interrupt();
    }
}
