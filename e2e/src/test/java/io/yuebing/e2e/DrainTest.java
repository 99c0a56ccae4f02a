package io.yuebing.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.api.NodeRole;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** A node that drains takes nothing new, and what it has finishes there or elsewhere. */
class DrainTest {
    private static final LocalCluster.Settings SETTINGS =
            new LocalCluster.Settings(LocalCluster.DEMO, ComputeMode.INT8, ElementType.BF16, 512, 1200, true);

    /** Tokens that outlast the start of a command, however fast the kernels are. */
    private static final int LONG = 1500;

    private static final Duration EXIT = Duration.ofSeconds(30);

    @Test
    void aNodeThatIsTerminatedSendsItsStreamsElsewhereInTheEndAndExitsWithZero() throws Exception {
        try (LocalCluster cluster = LocalCluster.start(SETTINGS, NodeRole.BOTH)) {
            Client client = new Client(cluster.uri());
            List<Map<String, Object>> requests = List.of(request(1, 500), request(2, 500));
            List<String> undisturbed = together(client, requests, () -> {});
            URI address = ServerProcess.freeAddress();
            try (ServerProcess node = ServerProcess.node(address, cluster.uri(), "--drain-timeout=0s")) {
                Eventually.holds(
                        "the node joins",
                        Duration.ofSeconds(60),
                        () -> nodes(client).contains("serving serving"));
                List<String> answers = together(client, requests, () -> {
                    Eventually.holds(
                            "a stream runs on the node",
                            Duration.ofSeconds(30),
                            () -> new Client(address).metric("vllm:num_requests_running") > 0);
                    node.terminate();
                });
                assertThat(answers).isEqualTo(undisturbed);
                assertThat(node.awaitExit(EXIT)).as(node.output()).isZero();
                assertThat(client.get("/metrics")).contains("yuebing:failovers_total{cause=\"node_leaving\"} 1.0");
            }
        }
    }

    @Test
    void theDrainCommandLetsStreamsFinishWhileTheGatewayShowsTheStateAndSendsNothingNew() throws Exception {
        try (LocalCluster cluster = LocalCluster.start(SETTINGS, NodeRole.BOTH)) {
            Client client = new Client(cluster.uri());
            URI address = ServerProcess.freeAddress();
            try (ServerProcess node = ServerProcess.node(address, cluster.uri(), "--drain-timeout=60s")) {
                Client direct = new Client(address);
                Eventually.holds(
                        "the node joins",
                        Duration.ofSeconds(60),
                        () -> nodes(client).contains("serving serving"));
                List<ServerProcess> drain = new ArrayList<>();
                List<String> answers = together(direct, List.of(request(1, LONG)), () -> {
                    Eventually.holds(
                            "the stream runs on the node",
                            Duration.ofSeconds(30),
                            () -> direct.metric("vllm:num_requests_running") > 0);
                    drain.add(ServerProcess.drain(address, cluster.uri()));
                    Eventually.holds(
                            "the gateway shows the state",
                            Duration.ofSeconds(30),
                            () -> nodes(client).contains("draining"));
                    assertThat(direct.tryPost("/v1/completions", "{\"prompt\":\"x\",\"max_tokens\":1}")
                                    .status())
                            .as("new work at the node")
                            .isEqualTo(503);
                    assertThat(client.tryPost("/v1/completions", "{\"prompt\":\"x\",\"max_tokens\":1}")
                                    .status())
                            .as("new work at the gateway")
                            .isEqualTo(200);
                });
                assertThat(answers).isEqualTo(together(client, List.of(request(1, LONG)), () -> {}));
                assertThat(node.awaitExit(EXIT)).as(node.output()).isZero();
                assertThat(drain.getFirst().awaitExit(EXIT)).isZero();
                assertThat(drain.getFirst().output()).contains("drains").contains("has ended");
            }
        }
    }

    private static Map<String, Object> request(int seed, int tokens) {
        return Map.of(
                "prompt",
                "San Francisco is a",
                "max_tokens",
                tokens,
                "ignore_eos",
                true,
                "temperature",
                0.9,
                "seed",
                seed,
                "stream",
                true);
    }

    /** What happens while streams run. */
    @FunctionalInterface
    private interface Meanwhile {
        void happen() throws Exception;
    }

    private static List<String> together(Client client, List<Map<String, Object>> requests, Meanwhile meanwhile)
            throws Exception {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<String>> running = requests.stream()
                    .map(request ->
                            threads.submit(() -> Client.text(Client.frames(client.stream("/v1/completions", request)))))
                    .toList();
            meanwhile.happen();
            List<String> texts = new ArrayList<>();
            for (Future<String> text : running) {
                texts.add(text.get());
            }
            return texts;
        }
    }

    /** The states of the gateway's nodes, sorted. */
    private static String nodes(Client client) throws Exception {
        List<String> states = new ArrayList<>();
        Client.JSON
                .readTree(client.get("/yuebing/v1/nodes"))
                .forEach(node -> states.add(node.path("state").asString("?")));
        return String.join(" ", states.stream().sorted().toList());
    }
}
