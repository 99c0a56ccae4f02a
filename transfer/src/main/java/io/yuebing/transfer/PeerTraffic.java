package io.yuebing.transfer;

import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** Counts payload bytes by peer; peers beyond a bound are counted together. */
public final class PeerTraffic {
    /** The name under which all further peers are counted. */
    static final String OTHERS = "others";

    private static final int MOST_PEERS = 256;

    private final ConcurrentHashMap<String, Counters> peers = new ConcurrentHashMap<>();

    private record Counters(LongAdder received, LongAdder sent) {
        Counters() {
            this(new LongAdder(), new LongAdder());
        }
    }

    /**
     * Payload bytes since the start.
     *
     * @param received bytes that came from the peer
     * @param sent bytes that went to it
     */
    public record Bytes(long received, long sent) {}

    public void received(String peer, long bytes) {
        counters(peer).received.add(bytes);
    }

    public void sent(String peer, long bytes) {
        counters(peer).sent.add(bytes);
    }

    private Counters counters(String peer) {
        Counters known = peers.get(peer);
        if (known != null) {
            return known;
        }
        return peers.computeIfAbsent(peers.size() < MOST_PEERS ? peer : OTHERS, _ -> new Counters());
    }

    /** What has been counted, by peer. */
    public Map<String, Bytes> snapshot() {
        Map<String, Bytes> snapshot = new TreeMap<>(Comparator.naturalOrder());
        peers.forEach((peer, counted) -> snapshot.put(peer, new Bytes(counted.received.sum(), counted.sent.sum())));
        return snapshot;
    }
}
