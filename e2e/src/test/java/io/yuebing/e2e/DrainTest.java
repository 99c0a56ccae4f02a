package io.yuebing.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.api.NodeRole;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** A node that drains takes nothing new, and what it has finishes there or elsewhere. */
class DrainTest {
    private static final LocalCluster.Settings SETTINGS =
            new LocalCluster.Settings(LocalCluster.DEMO, ComputeMode.INT8, ElementType.BF16, 512, 1200, true);

    /** Tokens that outlast the start of a command, however fast the kernels are. */
    private static final int LONG = 1500;

    @Test
    void aNodeThatIsTerminatedSendsItsStreamsElsewhereInTheEndAndExitsWithZero() throws Exception {
        try (LocalCluster cluster = LocalCluster.start(SETTINGS, NodeRole.BOTH)) {
            Client client = new Client(cluster.uri());
            List<Map<String, Object>> requests = List.of(request(1, 500), request(2, 500));
            List<String> undisturbed = together(client, requests, () -> {});
            URI address = URI.create("http://127.0.0.1:" + UpProcess.freePort());
            Process node = node(cluster, address, "0s");
            try {
                Eventually.holds(
                        "the node joins",
                        Duration.ofSeconds(60),
                        () -> nodes(client).contains("serving serving"));
                List<String> answers = together(client, requests, () -> {
                    Eventually.holds(
                            "a stream runs on the node",
                            Duration.ofSeconds(30),
                            () -> new Client(address).metric("vllm:num_requests_running") > 0);
                    assertThat(node.toHandle().destroy()).isTrue(); // unlike Process.destroy it leaves the output open
                });
                assertThat(answers).isEqualTo(undisturbed);
                assertThat(node.waitFor(30, TimeUnit.SECONDS)).isTrue();
                assertThat(node.exitValue()).as(output(node)).isZero();
                assertThat(client.get("/metrics")).contains("yuebing:failovers_total{cause=\"node_leaving\"} 1.0");
            } finally {
                node.destroyForcibly();
            }
        }
    }

    @Test
    void theDrainCommandLetsStreamsFinishWhileTheGatewayShowsTheStateAndSendsNothingNew() throws Exception {
        try (LocalCluster cluster = LocalCluster.start(SETTINGS, NodeRole.BOTH)) {
            Client client = new Client(cluster.uri());
            URI address = URI.create("http://127.0.0.1:" + UpProcess.freePort());
            Process node = node(cluster, address, "60s");
            try {
                Client direct = new Client(address);
                Eventually.holds(
                        "the node joins",
                        Duration.ofSeconds(60),
                        () -> nodes(client).contains("serving serving"));
                List<Process> drain = new ArrayList<>();
                List<String> answers = together(direct, List.of(request(1, LONG)), () -> {
                    Eventually.holds(
                            "the stream runs on the node",
                            Duration.ofSeconds(30),
                            () -> direct.metric("vllm:num_requests_running") > 0);
                    drain.add(new ProcessBuilder(UpProcess.command(List.of(
                                    "drain",
                                    address.getAuthority(),
                                    "--gateway",
                                    cluster.uri().toString())))
                            .redirectErrorStream(true)
                            .start());
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
                assertThat(node.waitFor(30, TimeUnit.SECONDS)).isTrue();
                assertThat(node.exitValue()).as(output(node)).isZero();
                assertThat(drain.getFirst().waitFor(30, TimeUnit.SECONDS)).isTrue();
                assertThat(output(drain.getFirst())).contains("drains").contains("has ended");
            } finally {
                node.destroyForcibly();
            }
        }
    }

    private static Process node(LocalCluster cluster, URI address, String timeout) throws IOException {
        return new ProcessBuilder(UpProcess.command(List.of(
                        "node",
                        "--port=" + address.getPort(),
                        "--gateway=" + cluster.uri(),
                        "--served-model-name=model-under-test",
                        "--kv-blocks=1200",
                        "--drain-timeout=" + timeout,
                        "--exit-with-parent")))
                .redirectErrorStream(true)
                .start();
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
                    .map(request -> threads.submit(() -> text(client, request)))
                    .toList();
            meanwhile.happen();
            List<String> texts = new ArrayList<>();
            for (Future<String> text : running) {
                texts.add(text.get());
            }
            return texts;
        }
    }

    private static String text(Client client, Map<String, Object> request) throws Exception {
        StringBuilder text = new StringBuilder();
        for (JsonNode frame : Client.frames(client.stream("/v1/completions", request))) {
            assertThat(frame.has("error")).as(frame.toString()).isFalse();
            text.append(frame.path("choices").path(0).path("text").asString(""));
        }
        return text.toString();
    }

    /** The states of the gateway's nodes, sorted. */
    private static String nodes(Client client) throws Exception {
        List<String> states = new ArrayList<>();
        Client.JSON
                .readTree(client.get("/yuebing/v1/nodes"))
                .forEach(node -> states.add(node.path("state").asString("?")));
        return String.join(" ", states.stream().sorted().toList());
    }

    private static String output(Process process) throws IOException {
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
}
