package io.yuebing.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.yuebing.api.UserError;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Quantising whole models. */
class QuantizeTest {
    private static final QuantizeOptions INT4 = new QuantizeOptions(4, 32, false, 2);

    @TempDir
    private Path dir;

    /** Random models have no redundancy that calibration could use, so the bounds are wide. */
    @ParameterizedTest
    @CsvSource({
        "qwen2-bf16, 4, 32, false, 1.2",
        "qwen2-bf16-sharded, 8, 64, true, 1.01",
        "qwen3, 8, -1, false, 1.03",
        "gemma3, 8, 32, false, 1.03",
        "phi3, 4, 32, true, 1.2",
        "mixtral, 8, 32, false, 1.03",
        "qwen3_moe, 8, 32, true, 1.03",
        "kimi_k2, 8, 32, false, 1.03"
    })
    void ourLoaderReadsWhatIsWrittenAndFindsTheReportedPerplexity(
            String name, int bits, int groupSize, boolean actOrder, double most) {
        Path model = ModelRun.MODELS.resolve(name);
        Path out = dir.resolve("out");
        CalibrationTokens tokens = tokens(model);
        QuantizeReport report = Models.quantize(
                model, out, new QuantizeOptions(bits, groupSize, actOrder, 2), tokens, QuantizeListener.NONE);

        assertThat(perplexity(model, tokens))
                .isCloseTo(report.perplexityBefore(), within(1e-3 * report.perplexityBefore()));
        assertThat(perplexity(out, tokens))
                .isCloseTo(report.perplexityAfter(), within(1e-3 * report.perplexityAfter()));
        assertThat(report.perplexityAfter() / report.perplexityBefore()).isBetween(1 / most, most);
        assertThat(report.bytesAfter()).isLessThan(report.bytesBefore());
        ModelSummary summary = Models.inspect(out);
        assertThat(summary.quantisation())
                .startsWith("gptq " + bits + " bit")
                .contains(actOrder ? "act-order" : "symmetric");
        assertThat(summary.parameters()).isEqualTo(Models.inspect(model).parameters());
        String tokenizer = Files.exists(model.resolve("tokenizer.json")) ? "tokenizer.json" : "tiktoken.model";
        assertThat(out.resolve(tokenizer)).hasSameBinaryContentAs(model.resolve(tokenizer));
        assertThat(out.resolve("tokenizer_config.json")).exists();
        assertThat(siblings()).containsExactly("out");
    }

    @Test
    void matricesThatDoNotSuitThePackingAreLeftAndNamed() {
        TinyModel odd = new TinyModel(dir);
        odd.config("intermediate_size", 46);
        for (int layer = 0; layer < TinyModel.LAYERS; layer++) {
            String mlp = "model.layers." + layer + ".mlp.";
            odd.tensor(mlp + "gate_proj.weight", ramp(46 * 32), 46, 32);
            odd.tensor(mlp + "up_proj.weight", ramp(46 * 32), 46, 32);
            odd.tensor(mlp + "down_proj.weight", ramp(46 * 32), 32, 46);
        }
        Path model = odd.write();
        List<int[]> sequences = List.of(new int[] {1, 2, 3, 4, 5, 6, 7, 8}, new int[] {9, 8, 7, 6, 5, 4, 3, 2});
        CalibrationTokens tokens = new CalibrationTokens(sequences, sequences);
        QuantizeReport report = Models.quantize(model, dir.resolve("out"), INT4, tokens, QuantizeListener.NONE);
        assertThat(report.left()).hasSize(6).contains("model.layers.1.mlp.down_proj");
        assertThat(perplexity(dir.resolve("out"), tokens))
                .isCloseTo(report.perplexityAfter(), within(1e-3 * report.perplexityAfter()));
        assertThat(Models.inspect(dir.resolve("out")).quantisation()).contains("with exceptions");
    }

    @Test
    void aRunThatIsBrokenOffLeavesNothingBehind() {
        Path model = ModelRun.MODELS.resolve("qwen2-bf16");
        List<String> during = new ArrayList<>();
        assertThatThrownBy(() -> Models.quantize(model, dir.resolve("out"), INT4, tokens(model), (what, share) -> {
                    during.addAll(siblings());
                    if (what.startsWith("layer 2")) {
                        throw new IllegalStateException("broken off");
                    }
                }))
                .hasMessage("broken off");
        assertThat(during).isNotEmpty().allMatch(name -> name.startsWith(".out.partial-"));
        assertThat(siblings()).isEmpty();
    }

    @Test
    void whatExistsIsNotOverwritten() throws IOException {
        Files.writeString(dir.resolve("out"), "mine");
        Path model = ModelRun.MODELS.resolve("qwen2-bf16");
        assertThatThrownBy(() -> Models.quantize(model, dir.resolve("out"), INT4, tokens(model), QuantizeListener.NONE))
                .isInstanceOf(UserError.class)
                .hasMessageEndingWith("out exists already; remove it or name another folder");
        assertThat(dir.resolve("out")).hasContent("mine");
    }

    @Test
    void modelsThatAreQuantisedAlreadyAreRefused() {
        Path model = ModelRun.MODELS.resolve("qwen2-gptq-int4");
        assertThatThrownBy(() -> Models.quantize(model, dir.resolve("out"), INT4, tokens(model), QuantizeListener.NONE))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("is quantised already (gptq 4 bit, group 64, symmetric)");
    }

    @Test
    void aWeightThatIsNotFiniteIsNamedWithItsOffset() {
        TinyModel broken = new TinyModel(dir);
        float[] values = ramp(TinyModel.HIDDEN * TinyModel.HIDDEN);
        values[70] = Float.POSITIVE_INFINITY;
        broken.tensor("model.layers.1.self_attn.o_proj.weight", values, TinyModel.HIDDEN, TinyModel.HIDDEN);
        Path model = broken.write();
        List<int[]> sequences = List.of(new int[] {1, 2, 3, 4, 5, 6, 7, 8});
        assertThatThrownBy(() -> Models.quantize(
                        model,
                        dir.resolve("out"),
                        INT4,
                        new CalibrationTokens(sequences, sequences),
                        QuantizeListener.NONE))
                .isInstanceOf(UserError.class)
                .hasMessageMatching("(?s).*model.safetensors: .*must be a finite number, found Infinity.*"
                        + "|.*cannot be quantised: the sum of squared activations.*");
    }

    @Test
    void aTextIsCutIntoSequencesOfWhichSomeAreKeptAside() {
        int[] text = new int[1000];
        for (int i = 0; i < text.length; i++) {
            text[i] = i;
        }
        CalibrationTokens tokens = CalibrationTokens.cut("text", text, new int[] {-1}, 21, 10);
        assertThat(tokens.heldOut()).hasSize(5).allMatch(sequence -> sequence[0] == -1 && sequence[1] >= 900);
        assertThat(tokens.sequences()).hasSize(10).allMatch(sequence -> sequence.length == 21 && sequence[20] < 900);
        assertThat(tokens.sequences().get(1)[1]).isEqualTo(80); // spread over the text
    }

    @Test
    void aTextThatIsTooShortIsOneSentence() {
        assertThatThrownBy(() -> CalibrationTokens.cut("notes.txt", new int[99], new int[0], 64, 10))
                .isInstanceOf(UserError.class)
                .hasMessage(
                        "notes.txt has 99 tokens, expected at least 128 for two sequences, one to calibrate with and"
                                + " one to measure with; give a longer text or a smaller --sequence-length");
    }

    private List<String> siblings() {
        try (Stream<Path> files = Files.list(dir)) {
            return files.map(file -> file.getFileName().toString()).toList();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static float[] ramp(int size) {
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = 0.1f * (i * 37 % 41 - 20) / 20;
        }
        return values;
    }

    /** The model's own continuations, which it finds likelier than random tokens. */
    private static CalibrationTokens tokens(Path model) {
        Reference reference = Reference.read(model);
        int[] ids = reference.prompts().getFirst().ids();
        int[] text = new int[1200];
        for (int i = 0; i < text.length; i++) {
            text[i] = ids[i * 7 % ids.length];
        }
        return CalibrationTokens.cut("test", text, new int[0], 64, 12);
    }

    private static double perplexity(Path model, CalibrationTokens tokens) {
        double sum = 0;
        int count = 0;
        try (ModelRun run = ModelRun.open(model, ComputeMode.F32, 2, ElementType.F32)) {
            for (int[] sequence : tokens.heldOut()) {
                float[][] logits = run.logits(sequence, 64);
                for (int i = 0; i + 1 < sequence.length; i++) {
                    sum -= logProbability(logits[i], sequence[i + 1]);
                    count++;
                }
            }
        }
        return Math.exp(sum / count);
    }

    private static double logProbability(float[] logits, int token) {
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - logits[token]);
        }
        return -Math.log(sum);
    }
}
