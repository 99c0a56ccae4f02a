package io.yuebing.dialect;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Connections whose last answer is sent, kept for a next request. A server that stops ends them at once: nobody waits for
 * anything on them.
 */
final class RestingConnections {
    private final Set<Thread> owners = ConcurrentHashMap.newKeySet();
    private volatile boolean over;

    /**
     * Lets the calling thread, which owns a connection, wait for another one.
     *
     * @return whether the other one has ended in time
     * @throws InterruptedException if the server stops
     */
    boolean rest(Thread until, Duration most) throws InterruptedException {
        Thread owner = Thread.currentThread();
        owners.add(owner);
        try {
            if (over) {
                throw new InterruptedException("the server stops");
            }
            return until.join(most);
        } finally {
            owners.remove(owner);
        }
    }

    /** Ends all that rest, and whoever comes to rest from now on. */
    void end() {
        over = true;
        owners.forEach(Thread::interrupt);
    }
}
