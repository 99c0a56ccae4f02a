package io.yuebing.transfer;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.function.Consumer;

/** Logs a misbehaving peer once an hour, however often it comes back. */
public final class PeerComplaints {
    private static final Duration QUIET = Duration.ofHours(1);
    private static final int PEERS_REMEMBERED = 1024;

    private final Consumer<String> loud;
    private final Consumer<String> quiet;
    private final TimeSource time;
    private final LinkedHashMap<String, Long> loggedNanos = new LinkedHashMap<>();

    /**
     * @param loud takes the first complaint about a peer
     * @param quiet takes all others
     */
    public PeerComplaints(Consumer<String> loud, Consumer<String> quiet, TimeSource time) {
        this.loud = loud;
        this.quiet = quiet;
        this.time = time;
    }

    /**
     * Logs a complaint: loud if it is the first about this peer for an hour.
     *
     * @param peer the peer's host, without its port: each connection has another one
     */
    public void log(String peer, String complaint) {
        String line = "transfer peer " + peer + ": " + complaint;
        if (firstInAWhile(peer)) {
            loud.accept(line + " (more from this peer is only counted)");
        } else {
            quiet.accept(line);
        }
    }

    /** Whether this peer has not been spoken of for an hour. */
    public synchronized boolean firstInAWhile(String peer) {
        long now = time.nanoTime();
        Long last = loggedNanos.get(peer);
        if (last != null && now - last < QUIET.toNanos()) {
            return false;
        }
        loggedNanos.putLast(peer, now);
        if (loggedNanos.size() > PEERS_REMEMBERED) {
            loggedNanos.pollFirstEntry();
        }
        return true;
    }
}
