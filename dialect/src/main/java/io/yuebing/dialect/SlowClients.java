package io.yuebing.dialect;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
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

    /**
     * How long a client may take.
     *
     * @param headers from the request line to the last header
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
        private final long sinceNanos = System.nanoTime();
        private boolean ended;
        private boolean interrupted;

        private Waiting(String host, String what, Duration limit) {
            this.host = host;
            this.what = what;
            this.limit = limit;
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

    ClientConnection.Wait headers(String host) {
        return new Waiting(host, "the headers of its request have not arrived", patience.headers());
    }

    ClientConnection.Wait body(String host) {
        return new Waiting(host, "the body of its request has not arrived", patience.body());
    }

    ClientConnection.Wait piece(String host) {
        return new Waiting(host, "it has not read its answer", patience.piece());
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

    /** Names a host once, however often it comes back. */
    private void complain(Waiting wait) {
        if (named.size() >= HOSTS_REMEMBERED) {
            named.clear();
        }
        String sentence = "client {}: {} within {} s, disconnected";
        if (named.add(wait.host)) {
            LOG.warn(
                    sentence + " (more of this client are logged at level debug)", wait.host, wait.what, seconds(wait));
        } else {
            LOG.debug(sentence, wait.host, wait.what, seconds(wait));
        }
    }

    private static double seconds(Waiting wait) {
        return wait.limit.toMillis() / 1e3;
    }

    @Override
    public void close() {
        sweeper.interrupt();
    }
}
