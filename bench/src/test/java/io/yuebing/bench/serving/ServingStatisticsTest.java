package io.yuebing.bench.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

class ServingStatisticsTest {
    private static final long MILLI = 1_000_000;
    private static final Duration TTFT = Duration.ofMillis(200);
    private static final Duration ITL = Duration.ofMillis(50);

    private static RequestRecord answered(long intended, long... arrivalMillis) {
        List<Long> arrivals = java.util.Arrays.stream(arrivalMillis)
                .mapToObj(millis -> millis * MILLI)
                .toList();
        return new RequestRecord(
                intended * MILLI, arrivals, arrivals.getLast() + MILLI, 10, arrivals.size(), Optional.empty());
    }

    @Test
    void percentilesAreOfTheNearestRank() {
        Distribution hundred =
                Distribution.of(DoubleStream.iterate(100, x -> x - 1).limit(100).toArray());
        assertThat(hundred.percentile(50)).isEqualTo(50);
        assertThat(hundred.percentile(95)).isEqualTo(95);
        assertThat(hundred.percentile(99)).isEqualTo(99);
        assertThat(hundred.percentile(100)).isEqualTo(100);
        assertThat(Distribution.of(new double[] {3}).percentile(99)).isEqualTo(3);
        assertThat(Distribution.of(new double[0]).percentile(50)).isNaN();
    }

    @Test
    void latenciesCountFromTheIntendedStart() {
        ServingStatistics s = ServingStatistics.of(List.of(answered(100, 250, 280, 330)), TTFT, ITL);
        assertThat(s.ttft().mean()).isEqualTo(150);
        assertThat(s.secondToken().mean()).isEqualTo(180);
        assertThat(s.itl().sorted()).containsExactly(30, 50);
        assertThat(s.latency().mean()).isEqualTo(231);
    }

    @Test
    void answersOfOnePieceHaveNoSecond() {
        ServingStatistics s = ServingStatistics.of(List.of(answered(0, 100), answered(0, 100, 130)), TTFT, ITL);
        assertThat(s.secondToken().sorted()).containsExactly(130);
    }

    @Test
    void goodRequestsKeepBothServiceLevels() {
        RequestRecord good = answered(0, 200, 250, 300);
        RequestRecord slowStart = answered(0, 201, 202);
        RequestRecord slowTokens = answered(0, 100, 150, 201);
        RequestRecord failed = new RequestRecord(0, List.of(), 2000 * MILLI, 0, 0, Optional.of("HTTP 429"));
        ServingStatistics s = ServingStatistics.of(List.of(good, slowStart, slowTokens, failed), TTFT, ITL);
        assertThat(s.good()).isEqualTo(1);
        assertThat(s.goodput()).isCloseTo(0.5, within(1e-9));
        assertThat(s.answered()).isEqualTo(3);
        assertThat(s.failures()).containsEntry("HTTP 429", 1);
        assertThat(s.outputTokensPerSecond()).isCloseTo(8 / 2.0, within(1e-9));
    }

    @Test
    void theReportStandsAlone() {
        ServingOptions options = new ServingOptions(
                URI.create("http://127.0.0.1:8000"),
                Optional.of("m"),
                false,
                Optional.empty(),
                new Load.ClosedLoop(2),
                TTFT,
                ITL,
                1);
        List<RequestRecord> records = List.of(answered(0, 100, 130), answered(50, 400, 480));
        String page =
                HtmlReport.page(new ServingReport("<m>", options, records, ServingStatistics.of(records, TTFT, ITL)));
        assertThat(page)
                .contains("&lt;m&gt;", "<svg", "class=\"good\"", "class=\"bad\"", "prefers-color-scheme: dark")
                .doesNotContain("<script", "src=", "href=", "NaN");
    }

    @Test
    void axesEndSoonAfterTheLargestValue() {
        assertThat(Chart.Axis.to(115.8)).isEqualTo(new Chart.Axis(20, 6));
        assertThat(Chart.Axis.to(100)).isEqualTo(new Chart.Axis(20, 5));
        assertThat(Chart.Axis.to(1_415).end()).isEqualTo(1_500);
        assertThat(Chart.Axis.to(0).end()).isEqualTo(1);
        assertThat(Chart.Axis.to(0.35).shown(7)).isEqualTo("0.7");
        for (double most = 0.001; most < 1e6; most *= 1.01) {
            assertThat(Chart.Axis.to(most).end()).as("to %s", most).isBetween(most, most * 1.7);
        }
    }

    @Test
    void aReportWithoutAnswersHasNoPlots() {
        List<RequestRecord> records = List.of(new RequestRecord(0, List.of(), MILLI, 0, 0, Optional.of("timeout")));
        ServingOptions options = new ServingOptions(
                URI.create("http://127.0.0.1:8000"),
                Optional.of("m"),
                false,
                Optional.empty(),
                new Load.OpenLoop(2),
                TTFT,
                ITL,
                1);
        ServingReport report = new ServingReport("m", options, records, ServingStatistics.of(records, TTFT, ITL));
        assertThat(HtmlReport.page(report)).doesNotContain("<svg", "NaN").contains("1 x timeout");
        assertThat(report.fields()).containsEntry("answered", 0);
    }
}
