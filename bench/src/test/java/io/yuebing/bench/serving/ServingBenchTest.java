package io.yuebing.bench.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.UserError;
import io.yuebing.bench.Progress;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ServingBenchTest {
    private static ServingOptions options(URI url, Load load, boolean chat) {
        return new ServingOptions(
                url, Optional.empty(), chat, Optional.empty(), load, Duration.ofSeconds(10), Duration.ofSeconds(10), 1);
    }

    private static ServingReport run(FakeOpenAiServer server, Load load, boolean chat, int requests, int output)
            throws InterruptedException {
        return ServingBench.run(
                Workload.equal(requests, 20, output, load, 1), options(server.uri(), load, chat), Progress.NONE);
    }

    @Test
    void latenciesAreAtLeastWhatTheServerTakes() throws Exception {
        try (FakeOpenAiServer server = new FakeOpenAiServer(80, 20, 0)) {
            ServingReport report = run(server, new Load.ClosedLoop(3), false, 6, 5);
            ServingStatistics s = report.statistics();
            assertThat(report.model()).isEqualTo("fake");
            assertThat(s.answered()).isEqualTo(6);
            assertThat(s.good()).isEqualTo(6);
            assertThat(s.ttft().percentile(1)).isGreaterThanOrEqualTo(80);
            assertThat(s.latency().percentile(1)).isGreaterThanOrEqualTo(80 + 4 * 20);
            assertThat(s.itl().sorted()).hasSize(6 * 4);
            assertThat(s.itl().mean()).isGreaterThan(15);
            assertThat(s.outputTokens()).isEqualTo(6 * 5);
            assertThat(s.promptTokens()).as("two tokens a word were measured").isEqualTo(6 * 20);
            assertThat(s.seconds()).as("three at a time").isGreaterThanOrEqualTo(2 * 0.16);
        }
    }

    @Test
    void inAnOpenLoopRequestsDoNotWaitForAnswers() throws Exception {
        try (FakeOpenAiServer server = new FakeOpenAiServer(300, 1, 0)) {
            ServingReport report = run(server, new Load.OpenLoop(Double.POSITIVE_INFINITY), true, 8, 2);
            assertThat(report.statistics().answered()).isEqualTo(8);
            assertThat(report.statistics().seconds())
                    .as("one after the other would take 2.4 s")
                    .isLessThan(2.4);
        }
    }

    @Test
    void failuresAreCountedByKindAndLeaveTheOthersAlone() throws Exception {
        try (FakeOpenAiServer server = new FakeOpenAiServer(1, 1, 3)) {
            ServingStatistics s =
                    run(server, new Load.ClosedLoop(1), false, 8, 2).statistics();
            // The first request of all, which measures the tokenizer, counts as well.
            assertThat(s.failures()).containsExactlyEntriesOf(new java.util.TreeMap<>(java.util.Map.of("HTTP 503", 3)));
            assertThat(s.answered()).isEqualTo(5);
        }
    }

    @Test
    void replayedPromptsShareTextWhereTheTraceSharesBlocks() throws Exception {
        try (FakeOpenAiServer server = new FakeOpenAiServer(1, 1, 0)) {
            List<PlannedRequest> planned = List.of(
                    new PlannedRequest(0, 1024, 1, List.of(7L, 8L)), new PlannedRequest(0, 1024, 1, List.of(7L, 9L)));
            ServingBench.run(planned, options(server.uri(), new Load.Replay(), false), Progress.NONE);
            List<String> prompts = server.requests.stream()
                    .skip(1)
                    .map(request -> request.path("prompt").asString())
                    .toList();
            List<String> first = List.of(prompts.get(0).split(" "));
            List<String> second = List.of(prompts.get(1).split(" "));
            assertThat(first).hasSize(512); // two tokens a word
            assertThat(first.subList(0, 256)).isEqualTo(second.subList(0, 256));
            assertThat(first.subList(256, 512)).isNotEqualTo(second.subList(256, 512));
        }
    }

    @Test
    void aServerThatIsNotThereIsSaidSo() throws IOException {
        URI gone;
        try (FakeOpenAiServer server = new FakeOpenAiServer(1, 1, 0)) {
            gone = server.uri();
        }
        assertThatThrownBy(
                        () -> ServingBench.run(List.of(), options(gone, new Load.ClosedLoop(1), false), Progress.NONE))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("no answer from " + gone)
                .hasMessageContaining("is the server running?");
    }
}
