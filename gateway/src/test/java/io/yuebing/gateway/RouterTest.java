package io.yuebing.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.NodeInfo;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.ServiceException;
import io.yuebing.api.TokenStream;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The way of a request over nodes that behave, fail before and after the first token, or refuse. */
class RouterTest {
    private static final int[] PROMPT = {5, 6, 7};

    private final NodeRegistry registry = new NodeRegistry(InstantSource.system(), Duration.ofHours(1));
    private final ScriptedNodes nodes = new ScriptedNodes(registry, (request, outputs) -> 100 + outputs.length);
    private final RouterCounters counters = new RouterCounters(seconds -> {});
    private final Router router =
            new Router(registry, nodes, FailoverPolicy.DEFAULT.withPatience(Duration.ofMillis(50)), counters);

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
        assertThat(counters.taken(Fallback.RETRIED_ON_OTHER_NODES)).isEqualTo(1);
        assertThat(registry.live()).doesNotContain(Nodes.prefill(1));
        nodes.assertNothingHeld();
    }

    @Test
    void aFailedDecodeNodeBeforeTheFirstTokenLeadsToAggregation() throws Exception {
        live(Nodes.prefill(1), Nodes.decode(2));
        nodes.refuseReserve.put(2, ErrorCode.BAD_GATEWAY);
        assertThat(run(3)).isEqualTo("prompt 100 101 102 length");
        assertThat(counters.taken(Fallback.AGGREGATED_ON_ONE_NODE)).isEqualTo(1);
        assertThat(nodes.calls).contains("aggregated on 1 after []");
        nodes.assertNothingHeld();
    }

    @Test
    void aFailedTransferAfterTheFirstTokenIsRecomputedWithoutRepeatingIt() throws Exception {
        live(Nodes.prefill(1), Nodes.decode(2));
        nodes.failTransfer = true;
        assertThat(run(4)).isEqualTo("prompt 100 101 102 103 length");
        assertThat(nodes.calls).contains("aggregated on 2 after [100]");
        assertThat(counters.taken(Fallback.RECOMPUTED_AFTER_FAILED_TRANSFER)).isEqualTo(1);
        nodes.assertNothingHeld();
    }

    @Test
    void aDecodeNodeThatDiesInTheStreamIsReplacedByWhoeverLives() throws Exception {
        live(Nodes.prefill(1), Nodes.decode(2));
        nodes.failAfter.put(2, 1);
        assertThat(run(5)).isEqualTo("prompt 100 101 102 103 104 length");
        assertThat(nodes.calls).endsWith("aggregated on 1 after [100, 101]");
        assertThat(counters.taken(Fallback.CONTINUED_ON_OTHER_NODES)).isEqualTo(1);
        assertThat(counters.failovers(FailoverCause.NODE_DIED)).isEqualTo(1);
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
}
