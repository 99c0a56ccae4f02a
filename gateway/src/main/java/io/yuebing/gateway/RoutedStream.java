package io.yuebing.gateway;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.FinishReason;
import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.KvTransferParams;
import io.yuebing.api.NodeInfo;
import io.yuebing.api.ServiceException;
import io.yuebing.api.TokenStream;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request on its way over the nodes: reserve on the decode node, prefill with push, decode.
 *
 * <p>Until the first token is delivered a failure leads to another plan; after it, a failed transfer leads to recomputation,
 * and a failed decode node to an error in the stream. Whatever happens, the reservation and the streams are given back.
 */
final class RoutedStream implements TokenStream {
    private static final Logger LOG = LoggerFactory.getLogger(RoutedStream.class);
    private static final int MAX_ATTEMPTS = 4;

    private enum Stage {
        UNPLANNED,
        PREFILL,
        DECODE,
        /** One node does everything that is left. */
        AGGREGATED,
        OVER
    }

    /** Room on a decode node that nobody has taken over yet. */
    private record Reservation(NodeInfo decode, KvTransferParams params) {}

    private final Router router;
    private final GenerateRequest request;
    private final Set<String> failedOn = new HashSet<>();
    private Stage stage = Stage.UNPLANNED;
    private int attempts;
    private boolean promptDelivered;
    private int @Nullable [] firstToken;
    private @Nullable NodeInfo node;
    private @Nullable ServiceException lastFailure;
    private boolean decodeStarted;

    // What this request holds elsewhere. Another thread may close the stream at any time.
    private final Object holdings = new Object();
    private @Nullable TokenStream stream;
    private @Nullable Reservation reservation;
    private boolean closed;

    RoutedStream(Router router, GenerateRequest request) {
        this.router = router;
        this.request = request;
    }

    @Override
    public GenerateEvent next() throws InterruptedException {
        while (true) {
            try {
                if (stage == Stage.UNPLANNED) {
                    begin();
                }
                Optional<GenerateEvent> event = accept(running().next());
                if (event.isPresent()) {
                    return event.get();
                }
            } catch (ServiceException e) {
                recover(e);
            }
        }
    }

    @Override
    public void close() {
        synchronized (holdings) {
            closed = true;
        }
        giveBack();
    }

    /** Makes a plan and starts it. */
    private void begin() throws InterruptedException {
        attempts++;
        node = null;
        Plan plan = router.plan(failedOn);
        switch (plan) {
            case Plan.Aggregated aggregated -> {
                if (aggregated.forLackOfRole()) {
                    throwIfOverloaded();
                    router.count(Fallback.AGGREGATED_ON_ONE_NODE, request.requestId());
                }
                start(Stage.AGGREGATED, aggregated.node(), request);
            }
            case Plan.Disaggregated pair -> {
                node = pair.decode();
                KvTransferParams params =
                        router.nodes().reserve(pair.decode(), request.requestId(), request.promptTokens().length);
                hold(new Reservation(pair.decode(), params));
                start(Stage.PREFILL, pair.prefill(), request.withKvTransfer(Optional.of(params.forPrefill())));
            }
        }
    }

    /** A full decode node is no reason to load a prefill node with its work. */
    private void throwIfOverloaded() {
        ServiceException last = lastFailure;
        if (last != null && last.code() == ErrorCode.OVERLOADED) {
            throw last;
        }
    }

    private void start(Stage next, NodeInfo on, GenerateRequest what) throws InterruptedException {
        stage = next;
        node = on;
        TokenStream started = router.nodes().generate(on, what);
        TokenStream unwanted = started;
        synchronized (holdings) {
            if (!closed) {
                unwanted = stream;
                stream = started;
            }
        }
        if (unwanted != null) {
            unwanted.close();
        }
    }

    private void hold(Reservation granted) {
        synchronized (holdings) {
            if (!closed) {
                reservation = granted;
                return;
            }
        }
        router.nodes().release(granted.decode(), granted.params());
    }

    private TokenStream running() {
        synchronized (holdings) {
            if (closed || stream == null) {
                throw new ServiceException(ErrorCode.UNAVAILABLE, "the request was cancelled");
            }
            return stream;
        }
    }

    /** Takes one event of a node's stream; empty if the client has nothing to see of it. */
    private Optional<GenerateEvent> accept(GenerateEvent event) throws InterruptedException {
        return switch (event) {
            case GenerateEvent.PromptDone prompt -> {
                boolean first = !promptDelivered;
                promptDelivered = true;
                yield first ? Optional.of(prompt) : Optional.empty();
            }
            case GenerateEvent.Token token -> {
                if (stage == Stage.PREFILL) {
                    firstToken = new int[] {token.token().id()};
                }
                if (stage == Stage.DECODE && !decodeStarted) {
                    decodeStarted = true;
                    dropReservation(); // the sequence owns the blocks now
                }
                yield Optional.of(token);
            }
            case GenerateEvent.Finished finished
            when finished.reason() == FinishReason.HANDOFF -> {
                decode();
                yield Optional.empty();
            }
            case GenerateEvent.Finished finished -> {
                stage = Stage.OVER;
                giveBack();
                yield Optional.of(finished);
            }
        };
    }

    /** The KV cache is on the decode node: goes on there. */
    private void decode() throws InterruptedException {
        Reservation held;
        synchronized (holdings) {
            held = reservation;
        }
        if (held == null || firstToken == null) {
            throw new ServiceException(
                    ErrorCode.BAD_GATEWAY, label() + " handed over a request that it was not asked to hand over");
        }
        GenerateRequest rest = request.continuing(firstToken)
                .withKvTransfer(Optional.of(held.params().forDecode()));
        start(Stage.DECODE, held.decode(), rest);
    }

    /** Finds another way after a failure, or throws it. */
    private void recover(ServiceException failure) throws InterruptedException {
        NodeInfo failed = node;
        lastFailure = failure;
        boolean nodeLost = failure.code() == ErrorCode.BAD_GATEWAY;
        if (nodeLost && failed != null) {
            router.lost(failed, String.valueOf(failure.getMessage()));
        }
        Stage at = stage;
        giveBack();
        if (failed == null || isClosed() || !mayHelp(failure)) {
            stage = Stage.OVER;
            throw failure;
        }
        switch (at) {
            case UNPLANNED -> retryElsewhere(failed, failure);
            case PREFILL -> {
                if (firstToken == null) {
                    retryElsewhere(failed, failure);
                } else {
                    recompute(failed, failure);
                }
            }
            case AGGREGATED -> {
                if (promptDelivered) {
                    stage = Stage.OVER;
                    throw failure;
                }
                retryElsewhere(failed, failure);
            }
            case DECODE -> {
                if (decodeStarted || nodeLost) {
                    stage = Stage.OVER;
                    throw failure;
                }
                recompute(failed, failure);
            }
            case OVER -> throw failure;
        }
    }

    /** Whether another node could do better: not if the request itself is at fault. */
    private static boolean mayHelp(ServiceException failure) {
        return switch (failure.code()) {
            case BAD_GATEWAY, UNAVAILABLE, OVERLOADED, INTERNAL, NOT_FOUND -> true;
            case INVALID_REQUEST,
                    UNAUTHORIZED,
                    METHOD_NOT_ALLOWED,
                    PAYLOAD_TOO_LARGE,
                    UNSUPPORTED_MEDIA_TYPE,
                    NOT_IMPLEMENTED -> false;
        };
    }

    private void retryElsewhere(NodeInfo failed, ServiceException failure) {
        failedOn.add(failed.instanceId());
        if (attempts >= MAX_ATTEMPTS || !router.hasOther(failedOn)) {
            stage = Stage.OVER;
            throw failure;
        }
        router.count(Fallback.RETRIED_ON_OTHER_NODES, request.requestId());
        LOG.warn("{}: {}; trying another plan", request.requestId(), failure.getMessage());
        stage = Stage.UNPLANNED;
    }

    /** The first token is out but the KV cache did not arrive: one node computes the prompt again and goes on. */
    private void recompute(NodeInfo failed, ServiceException failure) throws InterruptedException {
        if (failure.code() == ErrorCode.BAD_GATEWAY) {
            failedOn.add(failed.instanceId());
        }
        if (++attempts > MAX_ATTEMPTS || firstToken == null) {
            stage = Stage.OVER;
            throw failure;
        }
        router.count(Fallback.RECOMPUTED_AFTER_FAILED_TRANSFER, request.requestId());
        LOG.warn("{}: {}; computing the prompt again", request.requestId(), failure.getMessage());
        NodeInfo on = switch (router.plan(failedOn)) {
            case Plan.Aggregated aggregated -> aggregated.node();
            case Plan.Disaggregated pair -> pair.decode();
        };
        start(Stage.AGGREGATED, on, request.continuing(firstToken));
    }

    /** Cancels what runs and releases what is reserved. */
    private void giveBack() {
        TokenStream open;
        synchronized (holdings) {
            open = stream;
            stream = null;
        }
        if (open != null) {
            open.close();
        }
        Reservation held = dropReservation();
        if (held != null) {
            router.nodes().release(held.decode(), held.params());
        }
    }

    private boolean isClosed() {
        synchronized (holdings) {
            return closed;
        }
    }

    private @Nullable Reservation dropReservation() {
        synchronized (holdings) {
            Reservation held = reservation;
            reservation = null;
            return held;
        }
    }

    private String label() {
        return node == null ? "a node" : node.label();
    }
}
