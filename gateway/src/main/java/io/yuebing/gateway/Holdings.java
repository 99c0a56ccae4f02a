package io.yuebing.gateway;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.KvTransferParams;
import io.yuebing.api.NodeInfo;
import io.yuebing.api.ServiceException;
import io.yuebing.api.TokenStream;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What one request holds on nodes: a running stream, reserved room. Another thread may close it at any time. */
final class Holdings {
    private final NodeClient nodes;
    private @Nullable TokenStream stream;
    private @Nullable Reservation reservation;
    private boolean closed;

    /** Room on a decode node that nobody has taken over yet. */
    record Reservation(NodeInfo decode, KvTransferParams params) {}

    Holdings(NodeClient nodes) {
        this.nodes = nodes;
    }

    /** Keeps a stream in place of the one before, which is closed. */
    void hold(TokenStream started) {
        TokenStream unwanted = started;
        synchronized (this) {
            if (!closed) {
                unwanted = stream;
                stream = started;
            }
        }
        if (unwanted != null) {
            unwanted.close();
        }
    }

    void hold(Reservation granted) {
        synchronized (this) {
            if (!closed) {
                reservation = granted;
                return;
            }
        }
        nodes.release(granted.decode(), granted.params());
    }

    /** @throws ServiceException if the request was cancelled */
    synchronized TokenStream stream() {
        if (closed || stream == null) {
            throw new ServiceException(ErrorCode.UNAVAILABLE, "the request was cancelled");
        }
        return stream;
    }

    synchronized Optional<Reservation> reservation() {
        return Optional.ofNullable(reservation);
    }

    /** The reservation belongs to somebody else now. */
    synchronized void reservationTaken() {
        reservation = null;
    }

    synchronized boolean closed() {
        return closed;
    }

    /** Cancels what runs and releases what is reserved. */
    void giveBack() {
        TokenStream open;
        Reservation held;
        synchronized (this) {
            open = stream;
            held = reservation;
            stream = null;
            reservation = null;
        }
        if (open != null) {
            open.close();
        }
        if (held != null) {
            nodes.release(held.decode(), held.params());
        }
    }

    /** Gives back, and from now on whatever comes at once. */
    void close() {
        synchronized (this) {
            closed = true;
        }
        giveBack();
    }
}
