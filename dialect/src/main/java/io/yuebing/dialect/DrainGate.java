package io.yuebing.dialect;

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
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets requests into a server until it drains; from then on only those whose KV cache it has promised to take.
 *
 * <p>What is inside finishes, or is sent away in the end: its stream fails as {@link ErrorCode#UNAVAILABLE}. A gateway
 * continues elsewhere what a node sent away.
 */
public final class DrainGate implements Generator {
    private static final Logger LOG = LoggerFactory.getLogger(DrainGate.class);
    private static final Duration GLANCE = Duration.ofMillis(50);

    /** How long a stream that is sent away may take to tell its reader. */
    private static final Duration FAREWELL = Duration.ofSeconds(1);

    private final Generator inside;
    private final String self;
    private final Set<GatedStream> streams = new HashSet<>();
    private int entering;
    private boolean draining;

    /** @param self what the server calls itself in sentences, for instance {@code this node} */
    public DrainGate(Generator inside, String self) {
        this.inside = inside;
        this.self = self;
    }

    public synchronized NodeState state() {
        return draining ? NodeState.DRAINING : NodeState.SERVING;
    }

    /** Another readiness, and that the server does not drain. */
    public Readiness and(Readiness other) {
        return () -> state() == NodeState.DRAINING
                ? Optional.of("draining: " + self + " finishes what runs and ends then")
                : other.obstacle();
    }

    /** @throws ServiceException if the server drains */
    public void requireOpen() {
        if (state() == NodeState.DRAINING) {
            throw new ServiceException(
                    ErrorCode.UNAVAILABLE, self + " drains and takes no new work; send the request to another one");
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

    /** Lets no new work in from now on. */
    public synchronized void close() {
        draining = true;
    }

    /**
     * Closes the gate and returns when everything inside has finished; what has not in time is sent away.
     *
     * @param label names the server in the log
     * @param longest how long what runs may take to finish
     * @param others whether there is other work to wait for, looked at every now and then
     */
    public void drain(String label, Duration longest, BooleanSupplier others) throws InterruptedException {
        close();
        LOG.info("{} drains: no new work, running requests have {} s to finish", label, longest.toSeconds());
        if (awaitEmpty(longest, others)) {
            LOG.info("{} has finished everything", label);
            return;
        }
        int sent = sendAway();
        boolean empty = awaitEmpty(FAREWELL, () -> false);
        LOG.warn(
                "{} did not finish in {} s: {} requests were sent away{}",
                label,
                longest.toSeconds(),
                sent,
                empty ? "" : ", some did not leave");
    }

    /** False if something was still inside in the end. */
    private synchronized boolean awaitEmpty(Duration longest, BooleanSupplier others) throws InterruptedException {
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
    private int sendAway() {
        List<GatedStream> left;
        synchronized (this) {
            left = new ArrayList<>(streams);
        }
        left.forEach(GatedStream::sendAway);
        return left.size();
    }

    private synchronized void left(GatedStream stream) {
        streams.remove(stream);
        notifyAll();
    }

    /** A stream of this server, which ends with an error rather than as complete when the server ends it. */
    private final class GatedStream implements TokenStream {
        private final TokenStream inner;
        private volatile boolean sentAway;

        GatedStream(TokenStream inner) {
            this.inner = inner;
        }

        @Override
        public GenerateEvent next() throws InterruptedException {
            GenerateEvent event;
            try {
                event = inner.next();
            } catch (ServiceException e) {
                throw sentAway ? unfinished(e) : e;
            }
            if (event instanceof GenerateEvent.Finished finished && finished.reason() == FinishReason.ABORT) {
                throw unfinished(null);
            }
            return event;
        }

        private ServiceException unfinished(@Nullable ServiceException cause) {
            return new ServiceException(
                    ErrorCode.UNAVAILABLE,
                    self + " stops and has not finished the request; another one can",
                    null,
                    cause);
        }

        void sendAway() {
            sentAway = true;
            inner.close();
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
