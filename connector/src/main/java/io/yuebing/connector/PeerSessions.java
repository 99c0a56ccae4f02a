package io.yuebing.connector;

import io.yuebing.kv.KvLayout;
import io.yuebing.transfer.Greeting;
import io.yuebing.transfer.PeerAddress;
import io.yuebing.transfer.TransferException;
import io.yuebing.transfer.TransferException.Kind;
import io.yuebing.transfer.TransferFallback;
import io.yuebing.transfer.TransferRoute;
import io.yuebing.transfer.TransferSession;
import io.yuebing.transfer.Transport;
import java.time.Duration;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/** One session a peer, opened when it is first needed, replaced when it has broken. */
final class PeerSessions {
    private final Transport transport;
    private final Greeting greeting;
    private final int attempts;
    private final Duration backoff;
    private final ConcurrentHashMap<PeerAddress, CompletableFuture<Peer>> peers = new ConcurrentHashMap<>();
    private final EnumMap<TransferFallback, Long> fallbacks = new EnumMap<>(TransferFallback.class);

    PeerSessions(Transport transport, Greeting greeting, int attempts, Duration backoff) {
        this.transport = transport;
        this.greeting = greeting;
        this.attempts = attempts;
        this.backoff = backoff;
    }

    /** An open session with what the peer said of itself: the layout of its blocks, which process it is. */
    record Peer(TransferSession session, Optional<String> engineId, KvLayout layout) {}

    /** The session if there is an open one. */
    Optional<Peer> ifOpen(PeerAddress address) {
        CompletableFuture<Peer> known = peers.get(address);
        return known != null && usable(known) ? Optional.of(known.resultNow()) : Optional.empty();
    }

    /** Bytes under way to or from each peer with an open session. */
    Map<PeerAddress, Long> bytesInFlight() {
        return openSessions(TransferSession::bytesInFlight);
    }

    /** How each peer with an open session is reached. */
    Map<PeerAddress, TransferRoute> routes() {
        return openSessions(TransferSession::route);
    }

    private <T> Map<PeerAddress, T> openSessions(Function<TransferSession, T> value) {
        Map<PeerAddress, T> values = new TreeMap<>(Comparator.comparing(PeerAddress::toString));
        peers.forEach((address, peer) -> {
            if (usable(peer)) {
                values.put(address, value.apply(peer.resultNow().session()));
            }
        });
        return values;
    }

    /** Sessions since the start that took a slower way than they could have. */
    Map<TransferFallback, Long> fallbacks() {
        synchronized (fallbacks) {
            return Map.copyOf(fallbacks);
        }
    }

    /** Waits for an open session. Those who wait for the same peer share one attempt, its failure too. */
    Peer open(PeerAddress address) throws TransferException {
        while (true) {
            CompletableFuture<Peer> known = peers.get(address);
            if (known != null && (!known.isDone() || usable(known))) {
                return await(known);
            }
            CompletableFuture<Peer> mine = new CompletableFuture<>();
            boolean first =
                    known == null ? peers.putIfAbsent(address, mine) == null : peers.replace(address, known, mine);
            if (first) {
                return connect(address, mine);
            }
        }
    }

    private static boolean usable(CompletableFuture<Peer> known) {
        return known.state() == CompletableFuture.State.SUCCESS
                && known.resultNow().session().isOpen();
    }

    private static Peer await(CompletableFuture<Peer> known) throws TransferException {
        try {
            return known.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof TransferException failure) {
                throw failure;
            }
            throw e;
        }
    }

    private Peer connect(PeerAddress address, CompletableFuture<Peer> promise) throws TransferException {
        try {
            TransferSession session = connectPatiently(address);
            session.route().fallback().ifPresent(fallback -> {
                synchronized (fallbacks) {
                    fallbacks.merge(fallback, 1L, Long::sum);
                }
            });
            LayoutHello hello = LayoutHello.parse(session.peerHello());
            Peer peer = new Peer(session, hello.engineId(), hello.layout());
            promise.complete(peer);
            return peer;
        } catch (TransferException | RuntimeException e) {
            // forgotten first, so that whoever comes after this failure tries anew
            peers.remove(address, promise);
            promise.completeExceptionally(e);
            throw e;
        }
    }

    private TransferSession connectPatiently(PeerAddress address) throws TransferException {
        for (int attempt = 1; ; attempt++) {
            try {
                return transport.connect(address, KvReceiver.SEGMENT, greeting);
            } catch (TransferException e) {
                if (!e.retryable() || attempt >= attempts) {
                    throw e;
                }
            }
            pause(address, backoff.multipliedBy(1L << (attempt - 1)));
        }
    }

    private static void pause(PeerAddress address, Duration duration) throws TransferException {
        try {
            Thread.sleep(duration);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TransferException(Kind.CANCELLED, "interrupted while connecting to " + address, e);
        }
    }
}
