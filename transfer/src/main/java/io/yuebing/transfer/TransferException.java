package io.yuebing.transfer;

import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A transfer that did not happen, as one sentence that names the peer. */
public final class TransferException extends IOException {
    private static final long serialVersionUID = 1L;

    /** What a caller may do about it. */
    public enum Kind {
        /** The peer cannot be reached; it may be later. */
        CONNECT_FAILED(true),
        /** The peer, or this side, declined at the handshake; trying again gives the same answer. */
        HANDSHAKE_REFUSED(false),
        /** The connection broke, or stood still for too long; what was not acknowledged may be sent again. */
        CONNECTION_LOST(true),
        /** The payload was damaged on its way; it may be sent again. */
        DAMAGED(true),
        /** The peer refused an access. */
        ACCESS_REFUSED(false),
        /** The deadline of the batch passed. */
        TIMED_OUT(false),
        /** The caller cancelled, or closed the session. */
        CANCELLED(false);

        private final boolean retryable;

        Kind(boolean retryable) {
            this.retryable = retryable;
        }
    }

    private final Kind kind;
    private final @Nullable RefusalCode refusal;

    public TransferException(Kind kind, String sentence) {
        this(kind, sentence, null, null);
    }

    public TransferException(Kind kind, String sentence, @Nullable Throwable cause) {
        this(kind, sentence, null, cause);
    }

    private TransferException(Kind kind, String sentence, @Nullable RefusalCode refusal, @Nullable Throwable cause) {
        super(sentence, cause);
        this.kind = kind;
        this.refusal = refusal;
    }

    /** A write that the peer answered with a NACK; {@code code} is null if this side does not know the number. */
    static TransferException refused(PeerAddress peer, @Nullable RefusalCode code, String sentence) {
        Kind kind = code == RefusalCode.CHECKSUM_MISMATCH ? Kind.DAMAGED : Kind.ACCESS_REFUSED;
        return new TransferException(kind, peer + " refused an access: " + sentence, code, null);
    }

    public Kind kind() {
        return kind;
    }

    /** The peer's reason, if it refused a write. */
    public Optional<RefusalCode> refusal() {
        return Optional.ofNullable(refusal);
    }

    /** Whether the same write may succeed over a new attempt. */
    public boolean retryable() {
        return kind.retryable;
    }
}
