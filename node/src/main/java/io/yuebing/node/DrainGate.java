package io.yuebing.node;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.FinishReason;
import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.Generator;
import io.yuebing.api.KvTransferParams;
import io.yuebing.api.NodeState;
import io.yuebing.api.ServiceException;
import io.yuebing.api.TokenStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * Lets requests into a node until it drains; from then on only those whose KV cache it has promised to take.
 *
 * <p>What is inside finishes, or is sent away in the end: its stream fails as {@link ErrorCode#UNAVAILABLE}, and a
 * gateway continues it elsewhere.
 */
final class DrainGate implements Generator {
    private static final Duration GLANCE = Duration.ofMillis(50);

    private final Generator inside;
    private final Set<GatedStream> streams = new HashSet<>();
    private int entering;
    private boolean draining;

    DrainGate(Generator inside) {
        this.inside = inside;
    }

    synchronized NodeState state() {
        return draining ? NodeState.DRAINING : NodeState.SERVING;
    }

    /** Lets no new work in from now on. */
    synchronized void close() {
        draining = true;
    }

    /** @throws ServiceException if the node drains */
    void requireOpen() {
        if (state() == NodeState.DRAINING) {
            throw new ServiceException(
                    ErrorCode.UNAVAILABLE, "this node drains and takes no new work; send the request to another one");
        }
    }

    @Override
    public TokenStream generate(GenerateRequest request) throws InterruptedException {
        boolean promised =
                request.kvPush().map(KvTransferParams::doRemotePrefill).orElse(false);
        synchronized (this) {
            if (!promised) {
                requireOpen();
            }
            entering++;
        }
        try {
            GatedStream stream = new GatedStream(inside.generate(request));
            synchronized (this) {
                streams.add(stream);
            }
            return stream;
        } finally {
            synchronized (this) {
                entering--;
                notifyAll();
            }
        }
    }

    /**
     * Waits until nothing is inside.
     *
     * @param others whether there is other work, looked at every now and then
     * @return false if something was still inside in the end
     */
    synchronized boolean awaitEmpty(Duration longest, BooleanSupplier others) throws InterruptedException {
        long deadline = System.nanoTime() + longest.toNanos();
        while (entering > 0 || !streams.isEmpty() || others.getAsBoolean()) {
            if (System.nanoTime() >= deadline) {
                return false;
            }
            wait(GLANCE.toMillis());
        }
        return true;
    }

    /** Ends the streams that are still inside; returns how many. */
    int sendAway() {
        List<GatedStream> left;
        synchronized (this) {
            left = new ArrayList<>(streams);
        }
        left.forEach(stream -> stream.inner.close());
        return left.size();
    }

    private synchronized void left(GatedStream stream) {
        streams.remove(stream);
        notifyAll();
    }

    /** A stream of this node, which ends with an error rather than as complete when the node ends it. */
    private final class GatedStream implements TokenStream {
        private final TokenStream inner;

        GatedStream(TokenStream inner) {
            this.inner = inner;
        }

        @Override
        public GenerateEvent next() throws InterruptedException {
            GenerateEvent event = inner.next();
            if (event instanceof GenerateEvent.Finished finished && finished.reason() == FinishReason.ABORT) {
                throw new ServiceException(
                        ErrorCode.UNAVAILABLE, "this node stops and has not finished the request; another one can");
            }
            return event;
        }

        @Override
        public void close() {
            try {
                inner.close();
            } finally {
                left(this);
            }
        }
    }
}
