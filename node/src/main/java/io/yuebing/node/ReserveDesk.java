package io.yuebing.node;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.KvTransferParams;
import io.yuebing.api.ServiceException;
import io.yuebing.connector.KvReceiver;
import io.yuebing.engine.KvPrefix;
import io.yuebing.transfer.PeerAddress;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Grants reservations over HTTP, where answers get lost: a caller that has no answer cancels its attempt, and that counts
 * whether the message comes before the grant or after it. Without it such a grant would lie there until its deadline.
 */
final class ReserveDesk {
    /** Attempts remembered; one is cancelled within seconds or never. */
    private static final int MEMORY = 4096;

    private final KvReceiver receiver;
    /** By attempt: what was granted, or empty if it was cancelled before that. */
    private final Map<String, Optional<KvTransferParams>> attempts = new LinkedHashMap<>();

    private final PeerAddress reachedAt;

    /** @param reachedAt where prefill nodes reach the receiver */
    ReserveDesk(KvReceiver receiver, PeerAddress reachedAt) {
        this.receiver = receiver;
        this.reachedAt = reachedAt;
    }

    /** {@code HOST:PORT} where prefill nodes reach the receiver. */
    String address() {
        return reachedAt.toString();
    }

    /** Reserves for an attempt, unless it has been cancelled. */
    KvTransferParams reserve(String attempt, KvPrefix prefix) throws InterruptedException {
        KvTransferParams granted = receiver.reserve(prefix);
        if (remember(attempt, Optional.of(granted)).isPresent()) {
            receiver.release(granted.transferId(), granted.generation());
            throw new ServiceException(ErrorCode.UNAVAILABLE, "the reservation for " + attempt + " was cancelled");
        }
        return granted.reachedAt(reachedAt.host(), reachedAt.port());
    }

    /** Ends an attempt, now or as soon as it is granted; true if something was given back. */
    boolean cancel(String attempt) {
        Optional<KvTransferParams> granted = remember(attempt, Optional.empty()).flatMap(known -> known);
        return granted.isPresent()
                && receiver.release(granted.get().transferId(), granted.get().generation());
    }

    /** Gives a reservation back; false if it had ended before. */
    boolean release(String transferId, long generation) {
        return receiver.release(transferId, generation);
    }

    /** Notes the first thing that happens to an attempt; what was noted before, if it is the second. */
    private synchronized Optional<Optional<KvTransferParams>> remember(
            String attempt, Optional<KvTransferParams> outcome) {
        Optional<Optional<KvTransferParams>> before = Optional.ofNullable(attempts.putIfAbsent(attempt, outcome));
        if (attempts.size() > MEMORY) {
            attempts.remove(attempts.keySet().iterator().next());
        }
        return before;
    }
}
