package io.yuebing.gateway;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.KvLoadFailurePolicy;
import io.yuebing.api.KvTransferParams;
import io.yuebing.api.NodeInfo;
import io.yuebing.api.ServiceException;
import io.yuebing.api.TokenStream;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request on its way over the nodes: reserve on the decode node, prefill with push, decode.
 *
 * <p>Whatever fails on this way, at whatever moment, the same stream goes on: {@link Progress} knows what the client has,
 * and another plan continues from there. The client sees a pause. It sees an error only if the request itself is at
 * fault, if nodes keep dying under it ({@link Attempts}), or if no node comes back within the patience. Whatever happens,
 * the reservation and the streams are given back.
 */
final class RoutedStream implements TokenStream {
    private static final Logger LOG = LoggerFactory.getLogger(RoutedStream.class);

    /** The {@code param} of failures that concern the transfer of the KV cache. */
    private static final String TRANSFER = "kv_transfer_params";

    private enum Stage {
        UNPLANNED,
        PREFILL,
        DECODE,
        /** One node does everything that is left. */
        AGGREGATED,
        OVER
    }

    private final Router router;
    private final GenerateRequest request;
    private final Progress progress;
    private final Attempts attempts;
    private final Holdings holdings;
    /** Nodes that failed on this request and are tried again only if there is no other. */
    private final Set<String> avoided = new HashSet<>();
    /** Nodes that live although a connection to them broke: given one more chance. */
    private final Set<String> cutOff = new HashSet<>();
    /** Nodes that cannot serve this request. */
    private final Set<String> unfit = new HashSet<>();

    private Stage stage = Stage.UNPLANNED;
    /** Who is at work, and to blame for a failure now. */
    private @Nullable NodeInfo node;
    /** The decode node that computes the prompt itself because its KV cache did not arrive. */
    private @Nullable NodeInfo recomputing;

    private @Nullable ServiceException lastFailure;
    private long lastDeliveryNanos = System.nanoTime();
    private boolean interrupted;
    /** Since when no node could serve the request; 0 = some can. */
    private long strandedNanos;
    /** Nodes that had joined when the last plan was looked for. */
    private long joinsSeen;

    RoutedStream(Router router, GenerateRequest request) {
        this.router = router;
        this.request = request;
        this.progress = new Progress(request);
        this.attempts = new Attempts(router.failover().maxNodeDeaths());
        this.holdings = new Holdings(router.nodes());
    }

    @Override
    public GenerateEvent next() throws InterruptedException {
        while (true) {
            try {
                if (stage == Stage.UNPLANNED) {
                    begin();
                }
                Optional<GenerateEvent> event = accept(holdings.stream().next());
                if (event.isPresent()) {
                    delivered(event.get());
                    return event.get();
                }
            } catch (ServiceException e) {
                recover(e);
            }
        }
    }

    @Override
    public void close() {
        holdings.close();
    }

    private void delivered(GenerateEvent event) {
        long now = System.nanoTime();
        if (interrupted) {
            interrupted = false;
            router.counters().paused(now - lastDeliveryNanos);
        }
        lastDeliveryNanos = now;
        progress.delivered(event);
    }

    // ---- the planned way

    /** Makes a plan and starts it. */
    private void begin() throws InterruptedException {
        node = null;
        GenerateRequest rest = progress.rest();
        NodeInfo alone = recomputing;
        recomputing = null;
        if (alone != null && router.serves(alone)) {
            start(Stage.AGGREGATED, alone, rest);
            return;
        }
        switch (choose()) {
            case Plan.Aggregated aggregated -> {
                if (aggregated.forLackOfRole()) {
                    router.counters().count(Fallback.AGGREGATED_ON_ONE_NODE, request.requestId());
                }
                start(Stage.AGGREGATED, aggregated.node(), rest);
            }
            case Plan.Disaggregated(NodeInfo prefill, NodeInfo decode) -> {
                node = decode;
                KvTransferParams params = router.nodes().reserve(decode, rest);
                holdings.hold(new Holdings.Reservation(decode, params));
                start(Stage.PREFILL, prefill, rest.withKvTransfer(Optional.of(params.forPrefill())));
            }
        }
    }

    private void start(Stage next, NodeInfo on, GenerateRequest what) throws InterruptedException {
        stage = next;
        node = on;
        holdings.hold(router.nodes().generate(on, what, this::checkReservation));
    }

    /** While a prefill node computes, nobody listens to the decode node: its death is noticed by its silence. */
    private void checkReservation() {
        Optional<Holdings.Reservation> held = holdings.reservation();
        if (stage == Stage.PREFILL
                && held.isPresent()
                && !router.lives(held.get().decode())) {
            node = held.get().decode();
            throw new ServiceException(
                    ErrorCode.BAD_GATEWAY, node.label() + " went away while a KV cache was on its way there", TRANSFER);
        }
    }

    /** Takes one event of a node's stream; empty if the client has nothing to see of it. */
    private Optional<GenerateEvent> accept(GenerateEvent event) throws InterruptedException {
        return switch (event) {
            case GenerateEvent.PromptDone prompt -> progress.promptDelivered() ? Optional.empty() : Optional.of(prompt);
            case GenerateEvent.Token token -> {
                if (stage == Stage.DECODE) {
                    holdings.reservationTaken(); // the sequence owns the blocks now
                }
                yield Optional.of(token);
            }
            case GenerateEvent.Finished finished ->
                switch (finished.reason()) {
                    case HANDOFF -> {
                        decode();
                        yield Optional.empty();
                    }
                    case ABORT, ERROR ->
                        // not asked for from here, so the node has its own reasons
                        throw new ServiceException(
                                ErrorCode.UNAVAILABLE, label() + " stopped in the middle of a request");
                    case STOP, LENGTH, REPETITION -> {
                        stage = Stage.OVER;
                        holdings.giveBack();
                        yield Optional.of(finished);
                    }
                };
        };
    }

    /** The KV cache is on the decode node: goes on there. */
    private void decode() throws InterruptedException {
        Holdings.Reservation held = holdings.reservation()
                .filter(reservation -> progress.tokens() > 0)
                .orElseThrow(() -> new ServiceException(
                        ErrorCode.BAD_GATEWAY, label() + " handed over a request that it was not asked to hand over"));
        GenerateRequest rest =
                progress.rest().withKvTransfer(Optional.of(held.params().forDecode()));
        start(Stage.DECODE, held.decode(), rest);
    }

    // ---- what follows a failure

    /** Prepares another way, or throws the failure if there is none. */
    private void recover(ServiceException failure) throws InterruptedException {
        NodeInfo failed = node;
        Stage at = stage;
        Optional<Holdings.Reservation> held = holdings.reservation();
        stage = Stage.OVER;
        holdings.giveBack();
        if (failed == null || at == Stage.OVER || holdings.closed()) {
            throw failure;
        }
        FailoverCause cause = cause(failure, failed, at);
        lastFailure = failure;
        router.counters().count(cause);
        attempts.failed(failed, cause, progress.tokens());
        if (attempts.suspicious()) {
            router.counters().suspected();
            throw new ServiceException(
                    ErrorCode.INTERNAL,
                    request.requestId() + " was at work on " + attempts.deaths().size()
                            + " nodes when they died or hung, one after the other ("
                            + String.join(
                                    ", ",
                                    attempts.deaths().stream()
                                            .map(NodeInfo::label)
                                            .toList())
                            + "); it is not tried again because it may be what kills them");
        }
        if (attempts.exhausted()) {
            throw failure;
        }
        Fallback fallback = prepare(cause, failure, failed, held);
        router.counters().count(fallback, request.requestId());
        if (progress.started()) {
            router.counters().recomputed(progress.contextLength());
        }
        LOG.warn(
                "{}: {} ({}) after {} tokens; {}",
                request.requestId(),
                failure.getMessage(),
                cause.metricName(),
                progress.tokens(),
                fallback.metricName());
        interrupted = true;
        stage = Stage.UNPLANNED;
    }

    private FailoverCause cause(ServiceException failure, NodeInfo failed, Stage at) throws InterruptedException {
        if (failure.code() == ErrorCode.BAD_GATEWAY) {
            return router.examine(failed, failure);
        }
        boolean ofTransfer = (at == Stage.PREFILL || at == Stage.DECODE)
                && failure.param().filter(TRANSFER::equals).isPresent();
        if (ofTransfer) {
            return FailoverCause.TRANSFER_FAILED;
        }
        return switch (failure.code()) {
            case UNAVAILABLE -> FailoverCause.NODE_LEAVING;
            case OVERLOADED -> FailoverCause.NODE_FULL;
            case INTERNAL, NOT_FOUND, BAD_GATEWAY -> FailoverCause.NODE_FAILED;
            case INVALID_REQUEST,
                    UNAUTHORIZED,
                    METHOD_NOT_ALLOWED,
                    PAYLOAD_TOO_LARGE,
                    UNSUPPORTED_MEDIA_TYPE,
                    NOT_IMPLEMENTED -> {
                if (progress.tokens() == 0) {
                    throw failure; // the request itself is at fault
                }
                yield FailoverCause.NODE_FAILED; // others have taken it
            }
        };
    }

    /** Says where the next plan must not lead. */
    private Fallback prepare(
            FailoverCause cause, ServiceException failure, NodeInfo failed, Optional<Holdings.Reservation> held)
            throws InterruptedException {
        switch (cause) {
            case TRANSFER_FAILED -> {
                NodeInfo decode = held.map(Holdings.Reservation::decode).orElse(failed);
                if (policy() == KvLoadFailurePolicy.FAIL && router.answers(decode)) {
                    throw new ServiceException(
                            ErrorCode.INTERNAL,
                            failure.getMessage() + "; kv_load_failure_policy is fail, so the prompt is not computed"
                                    + " again on " + decode.label(),
                            null,
                            failure);
                }
                recomputing = decode;
                return Fallback.RECOMPUTED_AFTER_FAILED_TRANSFER;
            }
            case NODE_FAILED -> unfit.add(failed.instanceId());
            case NODE_DIED, NODE_HUNG, NODE_LEAVING, NODE_FULL -> avoided.add(failed.instanceId());
            case CONNECTION_LOST -> {
                // the node may well serve the next attempt
                if (!cutOff.add(failed.instanceId())) {
                    avoided.add(failed.instanceId());
                }
            }
        }
        return progress.tokens() > 0 ? Fallback.CONTINUED_ON_OTHER_NODES : Fallback.RETRIED_ON_OTHER_NODES;
    }

    private KvLoadFailurePolicy policy() {
        return request.kvLoadFailure().orElse(router.failover().kvLoadFailure());
    }

    // ---- choosing, waiting

    /** The next plan; waits for nodes as long as the patience lasts. */
    private Plan choose() throws InterruptedException {
        Set<String> without = new HashSet<>(unfit);
        without.addAll(avoided);
        joinsSeen = router.joins();
        Optional<Plan> plan = router.plan(without).filter(this::isNoBurden);
        if (plan.isEmpty()) {
            throwIfHopeless();
            plan = avoided.isEmpty() ? Optional.empty() : again();
        }
        while (plan.isEmpty()) {
            awaitNode();
            plan = router.plan(unfit);
        }
        strandedNanos = 0;
        return plan.get();
    }

    /** Nodes that failed before, after a pause in which another may come. */
    private Optional<Plan> again() throws InterruptedException {
        router.awaitNode(joinsSeen, attempts.pause());
        joinsSeen = router.joins();
        avoided.clear();
        return router.plan(unfit);
    }

    /** A full decode node is no reason to load a prefill node with its work. */
    private boolean isNoBurden(Plan plan) {
        ServiceException last = lastFailure;
        boolean full = last != null && last.code() == ErrorCode.OVERLOADED;
        return !full || !(plan instanceof Plan.Aggregated(NodeInfo _, boolean forLackOfRole) && forLackOfRole);
    }

    /** Before the client has anything, a cluster that is full or failed says so at once. */
    private void throwIfHopeless() {
        ServiceException last = lastFailure;
        if (last == null) {
            return;
        }
        boolean full = last.code() == ErrorCode.OVERLOADED && !progress.started();
        boolean nobodyFit = !unfit.isEmpty() && avoided.isEmpty();
        if (full || nobodyFit) {
            stage = Stage.OVER;
            throw last;
        }
    }

    private void awaitNode() throws InterruptedException {
        long now = System.nanoTime();
        if (strandedNanos == 0) {
            strandedNanos = now;
            router.counters().count(Fallback.WAITED_FOR_NODES, request.requestId());
        }
        Duration left = router.failover().patience().minusNanos(now - strandedNanos);
        if (!left.isPositive() || holdings.closed()) {
            stage = Stage.OVER;
            ServiceException last = lastFailure;
            throw last != null ? last : router.nobodyServes();
        }
        router.awaitNode(joinsSeen, left);
        joinsSeen = router.joins();
    }

    private String label() {
        return node == null ? "a node" : node.label();
    }
}
