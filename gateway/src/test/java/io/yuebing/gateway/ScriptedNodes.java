package io.yuebing.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.FinishReason;
import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.KvTransferParams;
import io.yuebing.api.NodeInfo;
import io.yuebing.api.NodeRole;
import io.yuebing.api.SampledToken;
import io.yuebing.api.ServiceException;
import io.yuebing.api.TokenLogprob;
import io.yuebing.api.TokenStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpTimeoutException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.ToIntBiFunction;

/** Nodes in this process that compute a known function instead of a model, with faults on demand. */
final class ScriptedNodes implements NodeClient {
    /** What a node is about to do. */
    enum Moment {
        RESERVE,
        BEGIN_PREFILL,
        FIRST_TOKEN,
        PUSH,
        BEGIN_DECODE,
        DECODE,
        BEGIN_AGGREGATED,
        AGGREGATED
    }

    /** What happens instead. */
    enum Fault {
        DEATH,
        HANG,
        RESET,
        FAILED_TRANSFER,
        LEAVING,
        ABORT,
        FULL
    }

    /** Decides about faults; asked before everything that a node does. */
    @FunctionalInterface
    interface Script {
        Optional<Fault> fault(int port, Moment moment, int tokens);
    }

    final List<String> calls = new ArrayList<>();
    final Map<Integer, ErrorCode> refuseReserve = new HashMap<>();
    /** Port to number of tokens after which the node dies. */
    final Map<Integer, Integer> failAfter = new HashMap<>();

    boolean failTransfer;
    Script script = (port, moment, tokens) -> Optional.empty();
    Runnable afterDeath = () -> {};

    private final NodeRegistry registry;
    private final ToIntBiFunction<GenerateRequest, int[]> model;
    private final Set<String> dead = new HashSet<>();
    private final Map<String, Integer> reserved = new HashMap<>();
    private int openStreams;
    private int transfers;

    /** @param model the next token from the request and all output tokens so far */
    ScriptedNodes(NodeRegistry registry, ToIntBiFunction<GenerateRequest, int[]> model) {
        this.registry = registry;
        this.model = model;
    }

    void assertNothingHeld() {
        assertThat(reserved).as("reservations").isEmpty();
        assertThat(openStreams).as("open streams").isZero();
    }

    @Override
    public NodeInfo info(URI uri) {
        NodeInfo node = Nodes.node(NodeRole.BOTH, uri.getPort());
        if (dead.contains(node.instanceId())) {
            throw new ServiceException(
                    ErrorCode.BAD_GATEWAY, "nobody at " + uri, null, new ConnectException("refused"));
        }
        return node;
    }

    @Override
    public Map<String, byte[]> textFiles(URI uri) {
        throw new IllegalStateException("not asked in these tests");
    }

    @Override
    public KvTransferParams reserve(NodeInfo node, GenerateRequest request) {
        int tokens = request.knownTokens().length;
        int port = node.uri().getPort();
        calls.add("reserve " + port + " for " + tokens);
        if (refuseReserve.containsKey(port)) {
            throw new ServiceException(refuseReserve.get(port), "node " + port + " refuses");
        }
        strike(node, Moment.RESERVE, 0);
        String id = "transfer-" + transfers++;
        reserved.put(id, tokens);
        return new KvTransferParams(false, true, id, 1, "127.0.0.1", 9, List.of(3), 0, 0);
    }

    @Override
    public void release(NodeInfo node, KvTransferParams reservation) {
        reserved.remove(reservation.transferId());
    }

    @Override
    public TokenStream generate(NodeInfo node, GenerateRequest request, Runnable onHeartbeat) {
        int port = node.uri().getPort();
        String after = Arrays.toString(request.outputTokens());
        boolean prefill = request.kvPush().map(KvTransferParams::doRemoteDecode).orElse(false);
        boolean decode = request.kvPush().map(KvTransferParams::doRemotePrefill).orElse(false);
        calls.add(
                prefill ? "prefill on " + port : (decode ? "decode on " : "aggregated on ") + port + " after " + after);
        strike(
                node,
                prefill ? Moment.BEGIN_PREFILL : decode ? Moment.BEGIN_DECODE : Moment.BEGIN_AGGREGATED,
                request.outputTokens().length);
        if (decode) {
            Integer covered = reserved.remove(request.kvPush().orElseThrow().transferId());
            assertThat(covered)
                    .as("tokens of the reservation: all but the last output")
                    .isEqualTo(request.promptTokens().length + request.outputTokens().length - 1);
        }
        openStreams++;
        return new ScriptedStream(node, request, onHeartbeat, prefill, decode);
    }

    /** Does what the script says, if it says something. */
    private void strike(NodeInfo node, Moment moment, int tokens) {
        int port = node.uri().getPort();
        if (dead.contains(node.instanceId())) {
            throw new ServiceException(
                    ErrorCode.BAD_GATEWAY, "node " + port + " is dead", null, new ConnectException("refused"));
        }
        Optional<Fault> fault = script.fault(port, moment, tokens);
        if (fault.isEmpty()) {
            return;
        }
        String what = "node " + port + " suffers " + fault.get() + " at " + moment + " after " + tokens;
        switch (fault.get()) {
            case DEATH -> {
                dead.add(node.instanceId());
                afterDeath.run();
                throw new ServiceException(ErrorCode.BAD_GATEWAY, what, null, new ConnectException("reset"));
            }
            case HANG -> throw new ServiceException(ErrorCode.BAD_GATEWAY, what, null, new HttpTimeoutException(what));
            case RESET -> throw new ServiceException(ErrorCode.BAD_GATEWAY, what, null, new ConnectException("reset"));
            case FAILED_TRANSFER -> {
                if (moment == Moment.PUSH || moment == Moment.BEGIN_DECODE) {
                    throw new ServiceException(ErrorCode.INTERNAL, what, "kv_transfer_params");
                }
            }
            case LEAVING, ABORT -> throw new ServiceException(ErrorCode.UNAVAILABLE, what);
            case FULL -> {
                if (moment == Moment.RESERVE || moment == Moment.BEGIN_AGGREGATED) {
                    throw new ServiceException(ErrorCode.OVERLOADED, what);
                }
            }
        }
    }

    /** Makes a dead process' successor; in these tests it has the same instance id. */
    void revive(NodeInfo node) {
        dead.remove(node.instanceId());
        registry.seen(node);
    }

    private final class ScriptedStream implements TokenStream {
        private final NodeInfo node;
        private final GenerateRequest request;
        private final Runnable onHeartbeat;
        private final boolean prefill;
        private final boolean decode;
        private final Deque<GenerateEvent> events = new ArrayDeque<>();
        private int[] outputs;
        private int made;
        private boolean open = true;

        ScriptedStream(NodeInfo node, GenerateRequest request, Runnable onHeartbeat, boolean prefill, boolean decode) {
            this.node = node;
            this.request = request;
            this.onHeartbeat = onHeartbeat;
            this.prefill = prefill;
            this.decode = decode;
            this.outputs = request.outputTokens();
            boolean scores = request.sampling().promptLogprobs() >= 0 && !decode;
            events.add(new GenerateEvent.PromptDone(0, scores ? List.of(SampledToken.bare(7)) : List.of()));
        }

        @Override
        public GenerateEvent next() {
            onHeartbeat.run();
            if (!events.isEmpty()) {
                return events.remove();
            }
            int most = request.sampling().maxTokens();
            if (outputs.length >= most) {
                return new GenerateEvent.Finished(FinishReason.LENGTH, OptionalInt.empty());
            }
            if (prefill && made == 1) {
                strike(node, Moment.PUSH, outputs.length);
                if (failTransfer) {
                    throw new ServiceException(ErrorCode.INTERNAL, "KV cache not delivered: cut", "kv_transfer_params");
                }
                return new GenerateEvent.Finished(FinishReason.HANDOFF, OptionalInt.empty());
            }
            Moment moment = prefill ? Moment.FIRST_TOKEN : decode ? Moment.DECODE : Moment.AGGREGATED;
            if (made >= failAfter.getOrDefault(node.uri().getPort(), Integer.MAX_VALUE)) {
                script = (port, _, _) -> port == node.uri().getPort() ? Optional.of(Fault.DEATH) : Optional.empty();
            }
            strike(node, moment, outputs.length);
            int token = model.applyAsInt(request, outputs);
            outputs = Arrays.copyOf(outputs, outputs.length + 1);
            outputs[outputs.length - 1] = token;
            made++;
            return new GenerateEvent.Token(
                    request.sampling().logprobs() < 0
                            ? SampledToken.bare(token)
                            : new SampledToken(token, -token, 1, List.of(new TokenLogprob(token, -token, 1))));
        }

        @Override
        public void close() {
            if (open) {
                open = false;
                openStreams--;
            }
        }
    }
}
