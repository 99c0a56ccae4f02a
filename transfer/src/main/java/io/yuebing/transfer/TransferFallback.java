package io.yuebing.transfer;

/** Why a session is on a slower way than its two ends could have. Each is logged once a peer, counted in metrics. */
public enum TransferFallback {
    /** The peer is on this host and could not, or would not, make a ring in shared memory. */
    SHM_NOT_OFFERED("the peer is on this host but offered no shared memory"),
    /** The peer's ring in shared memory cannot be opened here: another container, or another user. */
    SHM_NOT_MAPPED("the shared memory of the peer cannot be opened by this process"),
    /** There are RDMA devices here, and the peer would not, or could not, let UCX into its memory. */
    UCX_NOT_OFFERED("the peer offers no memory to UCX, although this host has RDMA devices"),
    /** UCX sees no way to the peer, although both ends have RDMA devices. */
    UCX_NO_WAY("UCX sees no way to the peer, although it offers memory to it");

    private final String sentence;

    TransferFallback(String sentence) {
        this.sentence = sentence;
    }

    public String sentence() {
        return sentence;
    }
}
