package io.yuebing.cli.top;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.api.GenerationDefaults;
import io.yuebing.api.ModelInfo;
import io.yuebing.api.NodeInfo;
import io.yuebing.api.NodeRole;
import io.yuebing.api.NodeState;
import io.yuebing.cli.Terminal;
import io.yuebing.cli.cluster.Exposition;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class FrameTest {
    private static final ModelInfo MODEL =
            new ModelInfo("qwen", 4096, 1000, List.of(), GenerationDefaults.NONE, "fingerprint");
    private static final long SECOND = 1_000_000_000;

    private final NodeInfo prefill = node("p", NodeRole.PREFILL, NodeState.SERVING);
    private final NodeInfo decode = node("d", NodeRole.DECODE, NodeState.DRAINING);
    private final NodeInfo silent = node("s", NodeRole.DECODE, NodeState.SERVING);
    private final NodeInfo gone = node("g", NodeRole.DECODE, NodeState.SERVING);

    private final Reading before = new Reading(
            0,
            Optional.of(gateway(10, 2.0, 0)),
            List.of(
                    new Reading.Node(decode, Optional.of(metrics(100, 5000, 0, 0, "")), true),
                    new Reading.Node(prefill, Optional.of(metrics(7000, 10, 400, 100, peer(1_000_000_000L))), true)),
            Optional.empty());

    private final Reading now = new Reading(
            2 * SECOND,
            Optional.of(gateway(14, 3.0, 2)),
            List.of(
                    new Reading.Node(
                            decode, Optional.of(metrics(100, 5620, 0, 0, "yuebing:kv_reserved_bytes 8388608\n")), true),
                    new Reading.Node(prefill, Optional.of(metrics(8024, 18, 600, 200, peer(2_040_000_000L))), true),
                    new Reading.Node(silent, Optional.empty(), true),
                    new Reading.Node(gone, Optional.empty(), false)),
            Optional.empty());

    @Test
    void everyNodeHasItsPlaceAndWhatIsNotKnownIsADash() {
        assertThat(lines(now, 120))
                .containsExactly(
                        "yuebing top  12:31:05  http://gw:8000  qwen  4 nodes",
                        "running 8   waiting 2   finished 2.0/s   first token 250 ms   prompts 512 tokens/s   answers"
                                + " 314 tokens/s",
                        "",
                        "ROLE     NODE    STATE      RUN  WAIT  PROMPT/S  TOKENS/S  KV CACHE    USED  PREFIX HITS",
                        "prefill  p:8100  serving      4     1       512         4  ███░░░░░░░  25 %         50 %",
                        "decode   d:8100  draining     4     1         0       310  ███░░░░░░░  25 %            -",
                        "decode   g:8100  lost         -     -         -         -  -              -            -",
                        "decode   s:8100  no answer    -     -         -         -  -              -            -",
                        "",
                        "TRANSFERS        WAY  RESERVED  IN FLIGHT  TO RELEASE  OLDEST  IN GB/S  OUT GB/S",
                        "p:8100                       -    2.0 MiB     4.0 MiB   1.5 s        -     0.520",
                        "  10.0.0.3:9100  tcp                                                 -     0.520",
                        "d:8100                 8.0 MiB          -           -       -        -         -",
                        "g:8100                       -          -           -       -        -         -",
                        "s:8100                       -          -           -       -        -         -",
                        "",
                        "failovers: node_died 2",
                        "no fallbacks");
    }

    @Test
    void aNarrowTerminalLosesTheLeastImportantColumns() {
        for (int width : List.of(100, 80, 60, 40, 30)) {
            assertThat(lines(now, width))
                    .as("width %d", width)
                    .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(width))
                    .anyMatch(line -> line.startsWith("NODE") || line.startsWith("ROLE"));
        }
        assertThat(lines(now, 40))
                .contains("ROLE     NODE    STATE      RUN  WAIT", "decode   d:8100  draining     4     1");
        assertThat(lines(now, 30)).contains("NODE    STATE      RUN  WAIT", "d:8100  draining     4     1");
    }

    @Test
    void aProcessThatStartedAnewHasNoRatesYet() {
        Reading restarted = new Reading(
                3 * SECOND,
                Optional.of(gateway(0, 0, 0)),
                List.of(new Reading.Node(decode, Optional.of(metrics(0, 7, 0, 0, "")), true)),
                Optional.empty());
        assertThat(View.of(now, restarted).nodes().getFirst().tokensPerSecond()).isEmpty();
        assertThat(View.of(now, restarted).finishedPerSecond()).isEmpty();
    }

    @Test
    void aGatewayThatDoesNotAnswerIsSaidSoAboveWhatWasKnown() {
        Reading lost = new Reading(3 * SECOND, Optional.empty(), now.nodes(), Optional.of("http://gw:8000 is gone"));
        assertThat(lines(lost, 100))
                .contains("http://gw:8000 is gone, trying again")
                .anyMatch(line -> line.contains("d:8100"));
    }

    @Test
    void nodesThatTheGatewayMissesAreCountedOnTop() {
        Reading missed = new Reading(
                3 * SECOND, Optional.of(Exposition.parse("yuebing:nodes_missing 2")), now.nodes(), Optional.empty());
        assertThat(lines(missed, 100).get(1)).isEqualTo("missing nodes: 2, ./yuebing doctor tells which and why");
    }

    @Test
    void coloursDoNotMoveColumns() {
        List<String> plain = lines(now, 90);
        List<String> coloured = new Frame(new Terminal(true, true, 0))
                .lines(View.of(before, now), "http://gw:8000", "12:31:05", 90).stream()
                        .map(line -> line.replaceAll("\u001b\\[\\d+m", "").stripTrailing())
                        .toList();
        assertThat(coloured).isEqualTo(plain);
    }

    private List<String> lines(Reading reading, int width) {
        return new Frame(new Terminal(false, false, 0))
                .lines(View.of(before, reading), "http://gw:8000", "12:31:05", width);
    }

    private static NodeInfo node(String name, NodeRole role, NodeState state) {
        return new NodeInfo("instance-" + name, URI.create("http://" + name + ":8100"), role, MODEL, state);
    }

    private static Exposition gateway(int finished, double waitedSeconds, int deaths) {
        return Exposition.parse("vllm:request_success_total{finished_reason=\"stop\"} " + (finished - finished / 2)
                + "\nvllm:request_success_total{finished_reason=\"length\"} " + finished / 2
                + "\nvllm:time_to_first_token_seconds_count " + finished
                + "\nvllm:time_to_first_token_seconds_sum " + waitedSeconds
                + "\nyuebing:failovers_total{cause=\"node_died\"} " + deaths
                + "\nyuebing:failovers_total{cause=\"node_hung\"} 0");
    }

    private static Exposition metrics(int prompt, int generated, int looked, int found, String more) {
        return Exposition.parse(Stream.of(
                        "vllm:num_requests_running 4",
                        "vllm:num_requests_waiting 1",
                        "vllm:kv_cache_usage_perc 0.25",
                        "yuebing:engine_prompt_tokens_total " + prompt,
                        "yuebing:engine_generated_tokens_total " + generated,
                        "vllm:prefix_cache_queries_total " + looked,
                        "vllm:prefix_cache_hits_total " + found,
                        more)
                .reduce("", (one, other) -> one + "\n" + other));
    }

    private static String peer(long sent) {
        return "yuebing:kv_in_flight_bytes{peer=\"10.0.0.3:9100\"} 2097152\nyuebing:kv_waiting_release_bytes 4194304\n"
                + "yuebing:kv_oldest_lease_seconds 1.5\n"
                + "yuebing:kv_transfer_route{peer=\"10.0.0.3:9100\",protocol=\"tcp\"} 1\n"
                + "yuebing:transfer_peer_bytes_total{peer=\"10.0.0.3:9100\",direction=\"sent\"} " + sent;
    }
}
