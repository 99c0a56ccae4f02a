package io.yuebing.gateway;

import io.yuebing.api.KvLoadFailurePolicy;
import java.time.Duration;

/**
 * How hard the gateway tries to keep a request alive whose nodes fail.
 *
 * @param heartbeatLimit a node that is silent for so long counts as hung: on a token stream, on its registration, when
 *     it is asked for room
 * @param patience how long a request that no live node can serve waits for one
 * @param maxNodeDeaths deaths of nodes under one request, without noteworthy progress in between, after which it fails:
 *     it may be what kills them
 * @param kvLoadFailure what a failed transfer leads to, unless the request says otherwise
 */
public record FailoverPolicy(
        Duration heartbeatLimit, Duration patience, int maxNodeDeaths, KvLoadFailurePolicy kvLoadFailure) {
    public static final FailoverPolicy DEFAULT =
            new FailoverPolicy(Duration.ofSeconds(3), Duration.ofSeconds(10), 4, KvLoadFailurePolicy.RECOMPUTE);

    public FailoverPolicy {
        if (heartbeatLimit.toMillis() < 1 || patience.isNegative() || maxNodeDeaths < 1) {
            throw new IllegalArgumentException(
                    "a failover policy needs a heartbeat limit above 0, a patience of at least"
                            + " 0 and at least 1 death: " + heartbeatLimit + ", " + patience + ", " + maxNodeDeaths);
        }
    }

    public FailoverPolicy withHeartbeatLimit(Duration limit) {
        return new FailoverPolicy(limit, patience, maxNodeDeaths, kvLoadFailure);
    }

    public FailoverPolicy withPatience(Duration longest) {
        return new FailoverPolicy(heartbeatLimit, longest, maxNodeDeaths, kvLoadFailure);
    }

    public FailoverPolicy withKvLoadFailure(KvLoadFailurePolicy policy) {
        return new FailoverPolicy(heartbeatLimit, patience, maxNodeDeaths, policy);
    }
}
