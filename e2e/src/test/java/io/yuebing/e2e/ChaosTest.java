package io.yuebing.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.bench.chaos.ChaosOptions;
import io.yuebing.bench.chaos.ChaosReport;
import io.yuebing.bench.chaos.ChaosRun;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;

/**
 * Processes that are killed and stopped, connections that are cut, stall and flip bits: no client notices more than a
 * pause. {@code ./yuebing bench chaos} is the same for as long as one likes.
 */
class ChaosTest {

    @Test
    void whateverBreaksEveryAnswerIsCompleteAndTheSame() throws Exception {
        long seed = Long.getLong("yuebing.seed", ThreadLocalRandom.current().nextInt(1_000_000));
        ChaosReport report =
                new ChaosRun(new ChaosOptions(UpProcess::command, "", Duration.ofSeconds(9), seed, 3, 2, 2)).run();
        System.out.print("chaos with -Dyuebing.seed=" + report.text());
        assertThat(report.passed()).as(report.text()).isTrue();
        assertThat(report.requests()).isPositive();
    }
}
