package io.yuebing.bench.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.UserError;
import io.yuebing.bench.Progress;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class EngineBenchTest {
    private static final Path DEMO = Path.of("..", "models", "demo");

    private static EngineBenchOptions options(int prompt, int generate, Integer... batches) {
        return new EngineBenchOptions(
                prompt, generate, List.of(batches), 2, 1, 2, ComputeMode.INT8, ElementType.BF16, 16, 32, true);
    }

    @Test
    void everyBatchIsMeasuredInEveryRoundAndComparedWithTheLimits() throws InterruptedException {
        List<Double> shares = new ArrayList<>();
        EngineReport report = EngineBench.run(
                "demo", DEMO, options(20, 5, 3, 1), Optional.empty(), (what, share) -> shares.add(share));

        assertThat(report.batches()).extracting(BatchResult::batch).containsExactly(3, 1);
        assertThat(report.batches()).allSatisfy(result -> {
            assertThat(result.prefillRounds()).hasSize(2).allMatch(speed -> speed > 0);
            assertThat(result.decodeRounds()).hasSize(2).allMatch(speed -> speed > 0);
            assertThat(result.structuredRounds()).hasSize(2).allMatch(speed -> speed > 0);
            assertThat(result.prefillArithmeticShare()).isBetween(0.0, 2.0);
            assertThat(result.decodeReadShare()).isPositive();
        });
        assertThat(report.loadSeconds()).isPositive();
        assertThat(report.table()).hasSize(3);
        assertThat(report.fields()).containsKeys("load_s", "threads", "kernels", "compute", "kv_dtype", "model");
        assertThat(report.fields().get("batches"))
                .asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.list(Map.class))
                .hasSize(2)
                .allSatisfy(batch -> assertThat(batch)
                        .containsKeys("prefill_tokens_per_s", "decode_tokens_per_s", "structured_overhead"));
        assertThat(shares).isSorted().last().isEqualTo(1.0);
    }

    @Test
    void sequencesLongerThanTheModelAreRefused() {
        assertThatThrownBy(() -> EngineBench.run("demo", DEMO, options(5000, 5, 1), Optional.empty(), Progress.NONE))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("--prompt 5000")
                .hasMessageContaining("4096 positions");
    }

    @Test
    void optionsThatCannotWorkAreNamed() {
        assertThatThrownBy(() -> options(0, 5, 1)).hasMessageContaining("--prompt: expected an integer from 1");
        assertThatThrownBy(() -> options(5, 5)).hasMessageContaining("--batch");
        assertThatThrownBy(() -> options(5, 5, 0))
                .hasMessageContaining("--batch")
                .hasMessageContaining("got 0");
        assertThatThrownBy(() -> options(5, 5, 32)).hasMessageContaining("--max-num-batched-tokens 32");
    }
}
