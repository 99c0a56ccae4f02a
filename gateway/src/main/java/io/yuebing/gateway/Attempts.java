package io.yuebing.gateway;

import io.yuebing.api.NodeInfo;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Counts what went wrong under one request, so that its failover ends, and ends before the request has taken the whole
 * cluster with it.
 *
 * <p>Failures count in a row: a request that gets on is not to blame for what happens to nodes around it.
 */
final class Attempts {
    /** Failures in a row, without one new token, after which a request is given up. */
    private static final int MOST_IN_VAIN = 20;
    /** New tokens that acquit a request of the deaths before. */
    private static final int ACQUITTAL = 8;

    private static final Duration SHORTEST_PAUSE = Duration.ofMillis(20);
    private static final int LONGEST_PAUSE_DOUBLINGS = 5;

    private final int maxDeaths;
    private final List<NodeInfo> deaths = new ArrayList<>();
    private int inVain;
    private int tokensAtFailure = -1;
    private int tokensAtDeath;

    Attempts(int maxDeaths) {
        this.maxDeaths = maxDeaths;
    }

    /** Takes note of a failure on a node when the client had {@code tokens} tokens. */
    void failed(NodeInfo node, FailoverCause cause, int tokens) {
        if (tokens > tokensAtFailure) {
            inVain = 0;
            tokensAtFailure = tokens;
        }
        inVain++;
        if (cause.isDeath()) {
            if (tokens - tokensAtDeath >= ACQUITTAL) {
                deaths.clear();
            }
            tokensAtDeath = tokens;
            deaths.add(node);
        }
    }

    /** Whether the request may be what kills nodes. */
    boolean suspicious() {
        return deaths.size() >= maxDeaths;
    }

    /** Nodes that died under the request without progress in between. */
    List<NodeInfo> deaths() {
        return List.copyOf(deaths);
    }

    boolean exhausted() {
        return inVain >= MOST_IN_VAIN;
    }

    /** How long to wait before nodes are tried that have failed on this request already. */
    Duration pause() {
        return SHORTEST_PAUSE.multipliedBy(1L << Math.clamp(inVain - 1, 0, LONGEST_PAUSE_DOUBLINGS));
    }
}
