package io.yuebing.gateway;

import java.util.Locale;

/** Why a request had to go on in another way than planned. */
public enum FailoverCause {
    /** The process is gone. */
    NODE_DIED,
    /** The process is there and says nothing. */
    NODE_HUNG,
    /** The connection broke; the node itself answers. */
    CONNECTION_LOST,
    /** The node drains or stops. */
    NODE_LEAVING,
    /** The node has no room. */
    NODE_FULL,
    /** The node answered with a failure of its own. */
    NODE_FAILED,
    /** The KV cache did not arrive on the decode node. */
    TRANSFER_FAILED;

    /** The label value in metrics. */
    public String metricName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Whether a node has perished while it worked on the request, so that the request may be what killed it. */
    boolean isDeath() {
        return this == NODE_DIED || this == NODE_HUNG;
    }
}
