package io.yuebing.bench.make;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.UserError;
import io.yuebing.bench.Progress;
import io.yuebing.bench.engine.EngineBench;
import io.yuebing.bench.engine.EngineBenchOptions;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import io.yuebing.model.Models;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ModelMakerTest {
    private static final Geometry TINY = Geometry.named("tiny");

    @TempDir
    private Path folder = Path.of("");

    @ParameterizedTest
    @EnumSource(names = {"GPTQ_INT4", "BF16", "F16"})
    void theEngineRunsWhatIsMade(WeightFormat format) throws InterruptedException {
        Path out = folder.resolve(format == WeightFormat.F16 ? "model.gguf" : "model");
        ModelMaker.make(TINY, format, out, 1, Progress.NONE);
        EngineBenchOptions options =
                new EngineBenchOptions(8, 3, List.of(1), 1, 1, 2, ComputeMode.INT8, ElementType.BF16, 16, 32, false);
        assertThat(Models.inspect(out).config().vocabSize()).isEqualTo(TINY.vocabSize());
        assertThat(EngineBench.run("tiny", out, options, Optional.empty(), Progress.NONE)
                        .batches())
                .hasSize(1);
    }

    @ParameterizedTest
    @EnumSource
    void equalSeedsGiveEqualFiles(WeightFormat format) throws IOException {
        Path first = weights(format, "first", 7);
        assertThat(weights(format, "second", 7)).hasSameBinaryContentAs(first);
        assertThat(Files.mismatch(weights(format, "third", 8), first)).isNotEqualTo(-1);
    }

    private Path weights(WeightFormat format, String name, long seed) {
        Path out = folder.resolve(name);
        ModelMaker.make(TINY, format, out, seed, Progress.NONE);
        return Files.isDirectory(out) ? out.resolve("model.safetensors") : out;
    }

    @ParameterizedTest
    @EnumSource(names = {"Q4_0", "Q8_0", "F16", "BF16_GGUF"})
    void ggufFilesEndWhereTheLastTensorEnds(WeightFormat format) throws IOException {
        Path file = folder.resolve("model.gguf");
        long bytes = ModelMaker.make(TINY, format, file, 1, Progress.NONE);
        GgufWriter plan = GgufModelPlan.of(TINY, format);
        long weights = plan.tensors().stream()
                .mapToLong(tensor -> Math.ceilDiv(tensor.bytes(), 32) * 32)
                .sum();
        ByteBuffer content = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(bytes).isEqualTo(content.limit()).isEqualTo(plan.header().length + weights);
        byte[] magic = new byte[4];
        content.get(magic);
        assertThat(new String(magic, StandardCharsets.US_ASCII)).isEqualTo("GGUF");
        assertThat(content.getInt()).isEqualTo(3);
        assertThat(content.getLong()).isEqualTo(plan.tensors().size());
    }

    @Test
    void nothingIsOverwritten() throws IOException {
        Path file = Files.writeString(folder.resolve("mine"), "precious");
        assertThatThrownBy(() -> ModelMaker.make(TINY, WeightFormat.Q4_0, file, 1, Progress.NONE))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("exists already");
        assertThatThrownBy(() -> ModelMaker.make(TINY, WeightFormat.BF16, folder, 1, Progress.NONE))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("exists already");
        assertThat(file).hasContent("precious");
    }

    @Test
    void unknownNamesAreAnsweredWithTheKnownOnes() {
        assertThatThrownBy(() -> Geometry.named("qwen9")).hasMessageContaining("qwen2.5-0.5b");
        assertThatThrownBy(() -> WeightFormat.named("q2_k")).hasMessageContaining("gptq-int4, bf16, q4_0, q8_0");
    }
}
