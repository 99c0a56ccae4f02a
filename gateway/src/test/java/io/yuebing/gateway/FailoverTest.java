package io.yuebing.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.KvLoadFailurePolicy;
import io.yuebing.api.NodeInfo;
import io.yuebing.api.NodeState;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.ServiceException;
import io.yuebing.api.TokenStream;
import io.yuebing.gateway.ScriptedNodes.Fault;
import io.yuebing.gateway.ScriptedNodes.Moment;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever fails at whatever moment, the client gets the stream that it would have got undisturbed. */
class FailoverTest {
    private static final int[] PROMPT = {5, 6, 7};
    private static final List<NodeInfo> PAIRS =
            List.of(Nodes.prefill(1), Nodes.prefill(2), Nodes.decode(3), Nodes.decode(4));
    private static final List<NodeInfo> ONE_PAIR = List.of(Nodes.prefill(1), Nodes.decode(3));
    private static final List<NodeInfo> BOTHS = List.of(Nodes.both(5), Nodes.both(6));

    private final NodeRegistry registry = new NodeRegistry(InstantSource.system(), Duration.ofHours(1));
    private final ScriptedNodes nodes = new ScriptedNodes(registry, FailoverTest::model);
    private final List<Double> pauses = new ArrayList<>();
    private final RouterCounters counters = new RouterCounters(pauses::add);
    private FailoverPolicy policy = FailoverPolicy.DEFAULT;

    /** A token that depends on everything the real sampler depends on. */
    private static int model(GenerateRequest request, int[] outputs) {
        SamplingParams sampling = request.sampling();
        int hash = Arrays.hashCode(request.promptTokens()) * 31 + Arrays.hashCode(outputs);
        hash = hash * 31 + Long.hashCode(sampling.seed());
        hash = hash * 31 + (outputs.length < sampling.minTokens() ? 1 : 0);
        return 1000 + Math.floorMod(hash, 1000);
    }

    private static GenerateRequest request(int maxTokens) {
        SamplingParams sampling = SamplingParams.builder()
                .temperature(0.8)
                .seed(42)
                .maxTokens(maxTokens)
                .minTokens(maxTokens / 2)
                .frequencyPenalty(0.3)
                .logprobs(1)
                .promptLogprobs(1)
                .build();
        return GenerateRequest.of("r", PROMPT, sampling);
    }

    private List<String> run(GenerateRequest request) throws InterruptedException {
        List<String> seen = new ArrayList<>();
        try (TokenStream stream = new Router(registry, nodes, policy, counters).generate(request)) {
            while (true) {
                GenerateEvent event = stream.next();
                seen.add(event.toString());
                if (event instanceof GenerateEvent.Finished) {
                    return seen;
                }
            }
        }
    }

    private List<String> undisturbed(GenerateRequest request) throws InterruptedException {
        NodeRegistry quiet = new NodeRegistry(InstantSource.system(), Duration.ofHours(1));
        quiet.seen(Nodes.both(9));
        ScriptedNodes calm = new ScriptedNodes(quiet, FailoverTest::model);
        List<String> seen = new ArrayList<>();
        try (TokenStream stream =
                new Router(quiet, calm, FailoverPolicy.DEFAULT, new RouterCounters(_ -> {})).generate(request)) {
            GenerateEvent event;
            do {
                event = stream.next();
                seen.add(event.toString());
            } while (!(event instanceof GenerateEvent.Finished));
        }
        return seen;
    }

    static Stream<Arguments> faults() {
        List<Arguments> all = new ArrayList<>();
        Set<Moment> disaggregated = EnumSet.complementOf(EnumSet.of(Moment.BEGIN_AGGREGATED, Moment.AGGREGATED));
        for (Fault fault : Fault.values()) {
            for (Moment moment : disaggregated) {
                all.add(Arguments.of(PAIRS, moment, fault));
                all.add(Arguments.of(ONE_PAIR, moment, fault));
            }
            all.add(Arguments.of(BOTHS, Moment.BEGIN_AGGREGATED, fault));
            all.add(Arguments.of(BOTHS, Moment.AGGREGATED, fault));
        }
        return all.stream();
    }

    @ParameterizedTest(name = "{2} at {1}")
    @MethodSource("faults")
    void oneFaultAtAnyMomentChangesNothingForTheClient(List<NodeInfo> cluster, Moment moment, Fault fault)
            throws Exception {
        GenerateRequest request = request(12);
        List<String> expected = undisturbed(request);
        for (int after = 0; after < 12; after += 3) {
            cluster.forEach(nodes::revive);
            int at = after;
            AtomicInteger struck = new AtomicInteger();
            nodes.script = (_, now, tokens) -> now == moment && tokens >= at && struck.getAndIncrement() == 0
                    ? Optional.of(fault)
                    : Optional.empty();
            if (fault == Fault.FULL && moment == Moment.RESERVE && cluster == ONE_PAIR && at == 0) {
                // nothing is lost and nothing has begun: an honest refusal
                assertThatThrownBy(() -> run(request)).hasMessageContaining("FULL");
            } else {
                assertThat(run(request)).isEqualTo(expected);
            }
            nodes.assertNothingHeld();
        }
    }

    @Test
    void anyNumberOfFaultsChangesNothingAsLongAsTheRequestGetsOn() throws Exception {
        long seed = Long.getLong("yuebing.seed", ThreadLocalRandom.current().nextLong());
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        policy = new FailoverPolicy(Duration.ofSeconds(3), Duration.ofSeconds(5), 1000, KvLoadFailurePolicy.RECOMPUTE);
        Fault[] kinds = Fault.values();
        for (int round = 0; round < 60; round++) {
            List<NodeInfo> cluster = List.of(PAIRS, ONE_PAIR, BOTHS).get(random.nextInt(3));
            cluster.forEach(nodes::revive);
            GenerateRequest request = request(1 + random.nextInt(60));
            nodes.script = (_, moment, _) -> {
                Fault fault = kinds[random.nextInt(kinds.length)];
                boolean refusal = fault == Fault.FULL;
                return random.nextInt(12) == 0 && !refusal ? Optional.of(fault) : Optional.empty();
            };
            nodes.afterDeath = () -> {};
            Thread reviver = Thread.ofVirtual().start(() -> keepAlive(cluster));
            try {
                assertThat(run(request)).as("seed %d, round %d", seed, round).isEqualTo(undisturbed(request));
            } finally {
                reviver.interrupt();
                reviver.join();
            }
            nodes.assertNothingHeld();
        }
    }

    private void keepAlive(List<NodeInfo> cluster) {
        try {
            while (true) {
                Thread.sleep(1);
                cluster.forEach(nodes::revive);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void aRequestThatKillsNodesIsStoppedBeforeItHasKilledAllOfThem() {
        List<NodeInfo> cluster = new ArrayList<>();
        for (int port = 1; port <= 9; port++) {
            cluster.add(Nodes.both(port));
        }
        cluster.forEach(nodes::revive);
        nodes.script = (_, moment, tokens) ->
                moment == Moment.AGGREGATED && tokens == 3 ? Optional.of(Fault.DEATH) : Optional.empty();
        assertThatThrownBy(() -> run(request(10)))
                .isInstanceOfSatisfying(
                        ServiceException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INTERNAL))
                .hasMessageContaining("4 nodes when they died or hung")
                .hasMessageContaining("may be what kills them");
        assertThat(registry.live()).hasSize(5);
        assertThat(counters.suspectedRequests()).isEqualTo(1);
        nodes.assertNothingHeld();
    }

    @Test
    void deathsAroundARequestThatGetsOnAreNotItsFault() throws Exception {
        List<NodeInfo> cluster = new ArrayList<>();
        for (int port = 1; port <= 12; port++) {
            cluster.add(Nodes.both(port));
        }
        cluster.forEach(nodes::revive);
        AtomicInteger deaths = new AtomicInteger();
        nodes.script = (_, moment, tokens) ->
                moment == Moment.AGGREGATED && tokens == 9 * (deaths.get() + 1) && deaths.incrementAndGet() <= 10
                        ? Optional.of(Fault.DEATH)
                        : Optional.empty();
        assertThat(run(request(120))).isEqualTo(undisturbed(request(120)));
        assertThat(counters.failovers(FailoverCause.NODE_DIED)).isEqualTo(10);
        assertThat(counters.recomputedTokens())
                .as("prompt and outputs, ten times")
                .isEqualTo(10 * 3 + 9 * 55);
        assertThat(pauses).hasSize(10);
    }

    @Test
    void withoutAnyNodeTheStreamWaitsForOneToComeBack() throws Exception {
        nodes.revive(Nodes.both(1));
        policy = policy.withPatience(Duration.ofSeconds(20));
        AtomicInteger struck = new AtomicInteger();
        nodes.script =
                (_, moment, tokens) -> moment == Moment.AGGREGATED && tokens == 3 && struck.getAndIncrement() == 0
                        ? Optional.of(Fault.DEATH)
                        : Optional.empty();
        nodes.afterDeath = () -> Thread.ofVirtual().start(() -> {
            while (counters.taken(Fallback.WAITED_FOR_NODES) == 0) {
                Thread.yield();
            }
            nodes.revive(Nodes.both(1));
        });
        assertThat(run(request(8))).isEqualTo(undisturbed(request(8)));
    }

    @Test
    void whenThePatienceIsOverTheStreamEndsWithTheFailure() {
        nodes.revive(Nodes.both(1));
        policy = policy.withPatience(Duration.ofMillis(30));
        nodes.script = (_, moment, tokens) ->
                moment == Moment.AGGREGATED && tokens == 3 ? Optional.of(Fault.DEATH) : Optional.empty();
        assertThatThrownBy(() -> run(request(8)))
                .isInstanceOfSatisfying(
                        ServiceException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BAD_GATEWAY));
    }

    @Test
    void aFailedTransferFailsTheRequestIfThePolicySaysSo() throws Exception {
        ONE_PAIR.forEach(nodes::revive);
        nodes.failTransfer = true;
        policy = policy.withKvLoadFailure(KvLoadFailurePolicy.FAIL);
        assertThatThrownBy(() -> run(request(5)))
                .isInstanceOfSatisfying(
                        ServiceException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INTERNAL))
                .hasMessageContaining("KV cache not delivered")
                .hasMessageContaining("kv_load_failure_policy is fail");
        nodes.assertNothingHeld();
        assertThat(run(request(5).withKvLoadFailure(Optional.of(KvLoadFailurePolicy.RECOMPUTE))))
                .as("the request's own policy goes first")
                .isEqualTo(undisturbed(request(5)));
        assertThat(counters.taken(Fallback.RECOMPUTED_AFTER_FAILED_TRANSFER)).isEqualTo(1);
    }

    @Test
    void aDecodeNodeThatVanishesWhileThePromptIsComputedIsReplaced() throws Exception {
        PAIRS.forEach(nodes::revive);
        nodes.script = (_, moment, _) -> {
            if (moment == Moment.FIRST_TOKEN && registry.live().size() == 4) {
                registry.lost(Nodes.decode(3), "silent");
                registry.lost(Nodes.decode(4), "silent");
            }
            return Optional.empty();
        };
        assertThat(run(request(6))).isEqualTo(undisturbed(request(6)));
        assertThat(counters.taken(Fallback.AGGREGATED_ON_ONE_NODE)).isEqualTo(1);
        nodes.assertNothingHeld();
    }

    @Test
    void drainingNodesGetNoNewWork() throws Exception {
        registry.seen(Nodes.both(1).withState(NodeState.DRAINING));
        registry.seen(Nodes.both(2));
        for (int i = 0; i < 4; i++) {
            assertThat(run(request(2))).isEqualTo(undisturbed(request(2)));
        }
        assertThat(nodes.calls).allMatch(call -> call.startsWith("aggregated on 2"));
        assertThat(registry.live()).as("still shown").hasSize(2);
    }

    @Test
    void aReconnectedNodeIsUsedAgain() throws Exception {
        ONE_PAIR.forEach(nodes::revive);
        AtomicInteger struck = new AtomicInteger();
        nodes.script = (_, moment, _) ->
                moment == Moment.DECODE && struck.getAndIncrement() == 0 ? Optional.of(Fault.RESET) : Optional.empty();
        assertThat(run(request(6))).isEqualTo(undisturbed(request(6)));
        assertThat(counters.failovers(FailoverCause.CONNECTION_LOST)).isEqualTo(1);
        assertThat(counters.taken(Fallback.AGGREGATED_ON_ONE_NODE))
                .as("both nodes live, so prefill and decode stay apart")
                .isZero();
        assertThat(nodes.calls).contains("reserve 3 for 4");
    }
}
