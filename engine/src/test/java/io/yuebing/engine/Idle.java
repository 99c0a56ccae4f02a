package io.yuebing.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Waits for engines to have nothing left, then insists that nothing is left. */
final class Idle {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private Idle() {}

    static void await(Engine engine) {
        until(() -> {
            EngineStats stats = engine.stats();
            return stats.runningSequences() == 0
                    && stats.waitingSequences() == 0
                    && stats.heldBlocks() == 0
                    && stats.usage() == 0;
        });
        EngineStats stats = engine.stats();
        assertThat(stats.freeBlocks() + stats.cachedBlocks()).isEqualTo(stats.totalBlocks());
        assertThat(stats.integrityViolations()).isZero();
    }

    static void until(BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("still not so after %s", PATIENCE).isLessThan(deadline);
            Thread.yield();
        }
    }
}
