package io.yuebing.transfer;

/** Why a session is on a slower way than its two ends could have. Each is logged once a peer, counted in metrics. */
public enum TransferFallback {
    /** The peer is on this host and could not, or would not, make a ring in shared memory. */
    SHM_NOT_OFFERED("the peer is on this host but offered no shared memory"),
    /** The peer's ring in shared memory cannot be opened here: another container, or another user. */
    SHM_NOT_MAPPED("the shared memory of the peer cannot be opened by this process");

    private final String sentence;

    TransferFallback(String sentence) {
        this.sentence = sentence;
    }

    public String sentence() {
        return sentence;
    }
}
