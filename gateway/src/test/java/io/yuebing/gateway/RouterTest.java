package io.yuebing.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.FinishReason;
import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.KvTransferParams;
import io.yuebing.api.NodeInfo;
import io.yuebing.api.SampledToken;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.ServiceException;
import io.yuebing.api.TokenStream;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The way of a request over nodes that behave, fail before and after the first token, or refuse. */
class RouterTest {
    private static final int[] PROMPT = {5, 6, 7};

    private final NodeRegistry registry = new NodeRegistry(InstantSource.system(), Duration.ofHours(1));
    private final ScriptedNodes nodes = new ScriptedNodes();
    private final Router router = new Router(registry, nodes);

    private void live(NodeInfo... infos) {
        Arrays.stream(infos).forEach(registry::seen);
    }

    @Test
    void aRequestIsReservedPrefilledAndDecoded() throws Exception {
        live(Nodes.prefill(1), Nodes.decode(2));
        assertThat(run(4)).isEqualTo("prompt 100 101 102 103 length");
        assertThat(nodes.calls).containsExactly("reserve 2 for 3", "prefill on 1", "decode on 2 after [100]");
        nodes.assertNothingHeld();
    }

    @Test
    void aRequestThatEndsWithItsFirstTokenReleasesTheReservation() throws Exception {
        live(Nodes.prefill(1), Nodes.decode(2));
        assertThat(run(1)).isEqualTo("prompt 100 length");
        nodes.assertNothingHeld();
    }

    @Test
    void aFailedPrefillNodeIsReplacedBeforeTheFirstToken() throws Exception {
        live(Nodes.prefill(1), Nodes.prefill(2), Nodes.decode(3));
        nodes.failAfter.put(1, 0);
        assertThat(run(3)).isEqualTo("prompt 100 101 102 length");
        assertThat(router.taken(Fallback.RETRIED_ON_OTHER_NODES)).isEqualTo(1);
        assertThat(registry.live()).doesNotContain(Nodes.prefill(1));
        nodes.assertNothingHeld();
    }

    @Test
    void aFailedDecodeNodeBeforeTheFirstTokenLeadsToAggregation() throws Exception {
        live(Nodes.prefill(1), Nodes.decode(2));
        nodes.refuseReserve.put(2, ErrorCode.BAD_GATEWAY);
        assertThat(run(3)).isEqualTo("prompt 100 101 102 length");
        assertThat(router.taken(Fallback.AGGREGATED_ON_ONE_NODE)).isEqualTo(1);
        assertThat(nodes.calls).contains("aggregated on 1 after []");
        nodes.assertNothingHeld();
    }

    @Test
    void aFailedTransferAfterTheFirstTokenIsRecomputedWithoutRepeatingIt() throws Exception {
        live(Nodes.prefill(1), Nodes.decode(2));
        nodes.failTransfer = true;
        assertThat(run(4)).isEqualTo("prompt 100 101 102 103 length");
        assertThat(nodes.calls).contains("aggregated on 2 after [100]");
        assertThat(router.taken(Fallback.RECOMPUTED_AFTER_FAILED_TRANSFER)).isEqualTo(1);
        nodes.assertNothingHeld();
    }

    @Test
    void aDecodeNodeThatDiesInTheStreamEndsItWithAnError() throws Exception {
        live(Nodes.prefill(1), Nodes.decode(2));
        nodes.failAfter.put(2, 1);
        assertThatThrownBy(() -> run(5)).isInstanceOf(ServiceException.class).hasMessageContaining("died");
        assertThat(registry.live()).containsExactly(Nodes.prefill(1));
        nodes.assertNothingHeld();
    }

    @Test
    void aFullDecodeNodeRefusesInsteadOfLoadingThePrefillNode() {
        live(Nodes.prefill(1), Nodes.decode(2));
        nodes.refuseReserve.put(2, ErrorCode.OVERLOADED);
        assertThatThrownBy(() -> run(3))
                .isInstanceOfSatisfying(
                        ServiceException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OVERLOADED));
        nodes.assertNothingHeld();
    }

    @Test
    void aRequestAtFaultIsNotTriedElsewhere() {
        live(Nodes.prefill(1), Nodes.prefill(2), Nodes.decode(3));
        nodes.refuseReserve.put(3, ErrorCode.INVALID_REQUEST);
        assertThatThrownBy(() -> run(3)).isInstanceOf(ServiceException.class);
        assertThat(nodes.calls).containsExactly("reserve 3 for 3");
    }

    @Test
    void withoutNodesTheSentenceSaysWhatToDo() {
        assertThatThrownBy(() -> run(3)).hasMessageContaining("no node is connected");
    }

    @Test
    void closingInTheMiddleGivesEverythingBack() throws Exception {
        live(Nodes.prefill(1), Nodes.decode(2));
        for (int events = 0; events < 5; events++) {
            TokenStream stream = router.generate(request(10));
            for (int i = 0; i < events; i++) {
                var unused = stream.next();
            }
            stream.close();
            nodes.assertNothingHeld();
        }
    }

    private static GenerateRequest request(int maxTokens) {
        return GenerateRequest.of("r", PROMPT, SamplingParams.greedy(maxTokens));
    }

    private String run(int maxTokens) throws InterruptedException {
        List<String> seen = new ArrayList<>();
        try (TokenStream stream = router.generate(request(maxTokens))) {
            while (true) {
                switch (stream.next()) {
                    case GenerateEvent.PromptDone prompt -> seen.add("prompt");
                    case GenerateEvent.Token token ->
                        seen.add("" + token.token().id());
                    case GenerateEvent.Finished finished -> {
                        seen.add(finished.reason().wireName());
                        return String.join(" ", seen);
                    }
                }
            }
        }
    }

    /** Nodes whose token number i is 100 + i, with faults on demand. */
    private static final class ScriptedNodes implements NodeClient {
        final List<String> calls = new ArrayList<>();
        final Map<Integer, ErrorCode> refuseReserve = new HashMap<>();

        /** Port to number of tokens after which the node dies. */
        final Map<Integer, Integer> failAfter = new HashMap<>();

        boolean failTransfer;
        private final Set<String> reserved = new HashSet<>();
        private int openStreams;
        private int transfers;

        void assertNothingHeld() {
            assertThat(reserved).as("reservations").isEmpty();
            assertThat(openStreams).as("open streams").isZero();
        }

        @Override
        public NodeInfo info(URI uri) {
            throw new IllegalStateException("not asked in these tests");
        }

        @Override
        public Map<String, byte[]> textFiles(URI uri) {
            throw new IllegalStateException("not asked in these tests");
        }

        @Override
        public KvTransferParams reserve(NodeInfo node, String requestId, int promptTokens) {
            int port = node.uri().getPort();
            calls.add("reserve " + port + " for " + promptTokens);
            if (refuseReserve.containsKey(port)) {
                throw new ServiceException(refuseReserve.get(port), "node " + port + " refuses");
            }
            String id = "transfer-" + transfers++;
            reserved.add(id);
            return new KvTransferParams(false, true, id, 1, "127.0.0.1", 9, List.of(3), 0);
        }

        @Override
        public void release(NodeInfo node, KvTransferParams reservation) {
            reserved.remove(reservation.transferId());
        }

        @Override
        public TokenStream generate(NodeInfo node, GenerateRequest request) {
            int port = node.uri().getPort();
            String after = Arrays.toString(request.outputTokens());
            boolean prefill =
                    request.kvTransfer().map(KvTransferParams::doRemoteDecode).orElse(false);
            boolean decode =
                    request.kvTransfer().map(KvTransferParams::doRemotePrefill).orElse(false);
            calls.add(
                    prefill
                            ? "prefill on " + port
                            : (decode ? "decode on " : "aggregated on ") + port + " after " + after);
            Deque<GenerateEvent> script = new ArrayDeque<>();
            script.add(new GenerateEvent.PromptDone(0, List.of()));
            int from = request.outputTokens().length;
            int to = prefill ? 1 : request.sampling().maxTokens();
            for (int i = from; i < to; i++) {
                script.add(new GenerateEvent.Token(SampledToken.bare(100 + i)));
            }
            boolean handoff = prefill && request.sampling().maxTokens() > 1;
            script.add(new GenerateEvent.Finished(
                    handoff ? FinishReason.HANDOFF : FinishReason.LENGTH, OptionalInt.empty()));
            if (decode) {
                reserved.remove(request.kvTransfer().orElseThrow().transferId());
            }
            openStreams++;
            return new ScriptedStream(script, port, handoff);
        }

        private final class ScriptedStream implements TokenStream {
            private final Deque<GenerateEvent> script;
            private final int port;
            private final boolean handoff;
            private int tokens;
            private boolean open = true;

            ScriptedStream(Deque<GenerateEvent> script, int port, boolean handoff) {
                this.script = script;
                this.port = port;
                this.handoff = handoff;
            }

            @Override
            public GenerateEvent next() {
                GenerateEvent event = script.remove();
                if (event instanceof GenerateEvent.Token && tokens++ >= failAfter.getOrDefault(port, 1000)) {
                    throw new ServiceException(ErrorCode.BAD_GATEWAY, "node " + port + " died");
                }
                if (handoff && failTransfer && event instanceof GenerateEvent.Finished) {
                    throw new ServiceException(ErrorCode.INTERNAL, "KV cache not delivered: cut");
                }
                return event;
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
}
