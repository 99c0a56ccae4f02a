package io.yuebing.cli;

import io.yuebing.cli.settings.Configuration;
import io.yuebing.cli.settings.Part;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Makes a model smaller. */
@Uses({Part.ARITHMETIC, Part.HUB})
@Command(
        name = "quantize",
        description = {
            "Quantises a model by GPTQ and writes it as AutoGPTQ does, which vLLM and others read as well.",
            "The model's float weights are needed, as safetensors; one layer is in memory at a time. Text decides which"
                    + " weights matter: give one that resembles what the model will be used for. A part of it is kept"
                    + " aside to measure the perplexity before and after."
        },
        footer = {
            "",
            "Examples:",
            "  ./yuebing quantize /models/Qwen2.5-0.5B-Instruct --method gptq-int4 --out Qwen2.5-0.5B-GPTQ-Int4",
            "  ./yuebing quantize Qwen/Qwen3-0.6B --method gptq-int8 --out Qwen3-0.6B-Int8 --calibration dialogues.txt"
        })
final class QuantizeCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "MODEL", description = "Model folder, or a repository that was fetched.")
    private String model = "";

    @Option(
            names = "--method",
            required = true,
            paramLabel = "gptq-int4|gptq-int8",
            description = "How to quantise; int4 and int8 for short.")
    private String method = "";

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "The folder to make.")
    private Path out = Path.of("");

    @Option(
            names = "--calibration",
            paramLabel = "FILE.txt",
            description = "Text in UTF-8 to calibrate with @|faint (Yuebing's own documentation)|@.")
    private @Nullable Path calibration;

    @Option(
            names = "--group-size",
            paramLabel = "N",
            defaultValue = "128",
            description = "Inputs that share a scale; -1 = all @|faint (128)|@.")
    private int groupSize;

    @Option(
            names = "--samples",
            paramLabel = "N",
            defaultValue = "128",
            description = "Most sequences of the text to calibrate with @|faint (128)|@.")
    private int samples;

    @Option(
            names = "--sequence-length",
            paramLabel = "N",
            defaultValue = "512",
            description = "Tokens of a sequence @|faint (512)|@.")
    private int sequenceLength;

    @Option(
            names = "--desc-act",
            description = "Quantise inputs with large activations first: a little better, a little slower to serve.")
    private boolean actOrder;

    @Override
    public Integer call() {
        Configuration configuration = SettingOptions.configuration(spec);
        QuantizeRun.Wish wish =
                new QuantizeRun.Wish(model, method, out, calibration, groupSize, samples, sequenceLength, actOrder);
        QuantizeRun.run(configuration, wish, YuebingCommand.commandLine(spec).getOut());
        return 0;
    }
}
