package io.yuebing.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.yuebing.bench.chaos.ChaosOptions;
import io.yuebing.bench.chaos.ChaosReport;
import io.yuebing.bench.chaos.ChaosRun;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Processes that are killed and stopped, connections that are cut, stall and flip bits, wires between network namespaces
 * that lose what is sent, a disk that runs full: no client notices more than a pause. {@code ./yuebing bench chaos} is the same for as long as one likes.
 */
class ChaosTest {

    @ParameterizedTest
    @EnumSource(names = {"LOOPBACK", "NAMESPACES"})
    void whateverBreaksEveryAnswerIsCompleteAndTheSame(ChaosOptions.Network network) throws Exception {
        boolean wires = network == ChaosOptions.Network.NAMESPACES;
        Optional<String> missing = wires ? ChaosRun.whyNoNamespaces() : Optional.empty();
        assumeTrue(missing.isEmpty(), () -> "SKIPPED: " + missing.orElse(""));
        long seed = Long.getLong("yuebing.seed", ThreadLocalRandom.current().nextInt(1_000_000));
        Duration length = Duration.ofSeconds(wires ? 14 : 7);
        ChaosOptions options = new ChaosOptions(ServerProcess::command, "", length, seed, 3, 2, 2, network);
        ChaosReport report = new ChaosRun(options).run();
        System.out.print("chaos with -Dyuebing.seed=" + report.text());
        assertThat(report.passed()).as(report.text()).isTrue();
        assertThat(report.requests()).isPositive();
    }
}
