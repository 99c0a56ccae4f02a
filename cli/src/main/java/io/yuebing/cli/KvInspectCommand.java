package io.yuebing.cli;

import io.yuebing.cli.kv.ByteProgress;
import io.yuebing.cli.kv.CacheReport;
import io.yuebing.cli.kv.LayoutFile;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Describes raw KV cache files. */
@Command(
        name = "inspect",
        description = "Prints what raw KV cache files hold: shape, strides, value ranges, used blocks, values.",
        footer = {
            "",
            "Examples:",
            "  ./yuebing kv inspect --layout volta.json volta.bin",
            "  ./yuebing kv inspect --layout volta.json --block 4 --head 1 --token 3 volta.bin"
        })
final class KvInspectCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--layout", required = true, paramLabel = "LAYOUT.json", description = "Layout of the files.")
    private @Nullable Path layout;

    @Option(names = "--layer", paramLabel = "N", description = "Layer whose values are shown; default: the first.")
    private @Nullable Integer layer;

    @Option(names = "--block", paramLabel = "N", description = "Block whose values are shown; default: the first used.")
    private @Nullable Integer block;

    @Option(names = "--head", paramLabel = "N", description = "KV head whose values are shown; default: the first.")
    private @Nullable Integer head;

    @Option(names = "--token", paramLabel = "N", description = "Token in the block; default: the first.")
    private @Nullable Integer token;

    @Parameters(arity = "1..*", paramLabel = "FILE", description = "One file, or one for each rank.")
    private List<Path> files = List.of();

    @Override
    public Integer call() {
        if (layout == null) {
            throw new IllegalStateException("picocli has not set the required option");
        }
        CacheReport report =
                CacheReport.of(LayoutFile.read(layout), files, new CacheReport.Place(layer, block, head, token));
        Terminal terminal = Terminal.detect(System.getenv());
        try (ByteProgress progress = new ByteProgress(System.err, terminal, report.bytes())) {
            report.scan(progress);
        }
        report.print(YuebingCommand.commandLine(spec).getOut());
        return 0;
    }
}
