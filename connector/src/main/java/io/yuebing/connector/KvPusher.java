package io.yuebing.connector;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.KvTransferParams;
import io.yuebing.api.ServiceException;
import io.yuebing.kv.KvCache;
import io.yuebing.transfer.PeerAddress;
import io.yuebing.transfer.PeerTraffic;
import io.yuebing.transfer.TimeSource;
import io.yuebing.transfer.TransferFallback;
import io.yuebing.transfer.TransferRoute;
import io.yuebing.transfer.Transport;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * The prefill node's side of a KV transfer: sends the blocks of prompts into reservations of decode nodes.
 *
 * <p>The cache's memory must outlive the pusher.
 */
public final class KvPusher implements AutoCloseable {
    private static final Duration DEADLINE_CHECK = Duration.ofMillis(200);

    private static final String STOPPING = "this prefill node is stopping";

    private final KvCache cache;
    private final Transport transport;
    private final KvPusherOptions options;
    private final TimeSource time;
    private final PeerSessions sessions;
    private final TimeSource.Beat deadlines;
    private final KvConversions conversions = new KvConversions();
    private final PushCounters counters = new PushCounters();
    private final PeerTraffic traffic = new PeerTraffic();
    private final Set<KvPush> active = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /**
     * @param cache the engine's cache
     * @param transport is closed with the pusher
     */
    public KvPusher(KvCache cache, Transport transport, KvPusherOptions options, TimeSource time) {
        this.cache = cache;
        this.transport = transport;
        this.options = options;
        this.time = time;
        this.sessions = new PeerSessions(
                transport,
                LayoutGreeting.ofPrefill(
                        new LayoutHello(options.nodeName(), cache).withTransferType(options.transferType())),
                options.connectAttempts(),
                options.connectBackoff());
        this.deadlines = time.every(DEADLINE_CHECK, "kv-push-deadlines", this::checkDeadlines);
    }

    /**
     * Begins a push: connects while the prefill starts, then sends what the engine announces.
     *
     * @param target the reservation
     * @param onFailure told once if the push fails, before the engine's hold ends; must return quickly
     * @throws ServiceException if the target's fields cannot be used
     */
    public KvPush sink(KvTransferParams target, Consumer<ServiceException> onFailure) {
        PeerAddress peer;
        UUID ticket;
        try {
            peer = new PeerAddress(target.remoteHost(), target.remotePort());
            ticket = UUID.fromString(target.transferId());
        } catch (IllegalArgumentException e) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST,
                    "kv_transfer_params cannot be used: " + e.getMessage(),
                    "kv_transfer_params",
                    e);
        }
        KvPush push = new KvPush(this, peer, ticket, target, onFailure);
        active.add(push);
        if (closed) {
            push.stop(STOPPING);
        }
        push.start();
        return push;
    }

    private void checkDeadlines() {
        long now = time.currentTimeMillis();
        active.forEach(push -> push.checkDeadline(now));
    }

    void ended(KvPush push) {
        active.remove(push);
    }

    KvCache cache() {
        return cache;
    }

    KvPusherOptions options() {
        return options;
    }

    TimeSource time() {
        return time;
    }

    PeerSessions sessions() {
        return sessions;
    }

    PeerTraffic counted() {
        return traffic;
    }

    PushCounters counters() {
        return counters;
    }

    public KvPusherStats stats() {
        return counters.snapshot(
                active.size(), active.stream().mapToLong(KvPush::heldBytes).sum());
    }

    /** Blocks that did not travel as they lie in the cache. */
    public KvConversions conversions() {
        return conversions;
    }

    /** Bytes sent to each decode node with an open session and not acknowledged. */
    public Map<PeerAddress, Long> bytesInFlight() {
        return sessions.bytesInFlight();
    }

    /** Acknowledged KV bytes by decode node. */
    public Map<String, PeerTraffic.Bytes> traffic() {
        return traffic.snapshot();
    }

    /** How each decode node with an open session is reached. */
    public Map<PeerAddress, TransferRoute> routes() {
        return sessions.routes();
    }

    /** Sessions since the start that took a slower way than they could have. */
    public Map<TransferFallback, Long> fallbacks() {
        return sessions.fallbacks();
    }

    /** Fails every push that has not ended; the cache is no longer read after this returns. */
    @Override
    public void close() {
        closed = true;
        deadlines.close();
        active.forEach(push -> push.stop(STOPPING));
        transport.close();
    }
}
