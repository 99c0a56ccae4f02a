package io.yuebing.bench.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.yuebing.bench.MachineLimits;
import io.yuebing.model.StepCost;
import org.junit.jupiter.api.Test;

class StepLimitsTest {
    private static final MachineLimits MACHINE = new MachineLimits(2, 1000, 10_000);
    private static final StepLimits LIMITS = new StepLimits(new StepCost(400, 800, 100, 200), 10, 4, MACHINE);

    @Test
    void prefillMultipliesEveryTokenOnceAndEveryPairOfPositions() {
        // 3 tokens x 800, one row of logits, 1 + 2 + 3 pairs x 10
        assertThat(LIMITS.prefillSeconds(2, 3)).isCloseTo(2 * (2400 + 200 + 60) / 10_000.0, within(1e-12));
    }

    @Test
    void decodeReadsTheWeightsOnceAStepAndEverySequencesCache() {
        // contexts of 11 and 12 positions
        assertThat(LIMITS.decodeReadSeconds(3, 10, 2)).isCloseTo((2 * 500 + 3 * (11 + 12) * 4) / 1000.0, within(1e-12));
        assertThat(LIMITS.decodeMacSeconds(3, 10, 2))
                .isCloseTo(3 * (2 * 1000 + (11 + 12) * 10) / 10_000.0, within(1e-12));
    }
}
