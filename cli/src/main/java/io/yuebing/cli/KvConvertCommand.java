package io.yuebing.cli;

import io.yuebing.cli.kv.BlockIds;
import io.yuebing.cli.kv.ByteProgress;
import io.yuebing.cli.kv.FileConversion;
import io.yuebing.cli.kv.LayoutFile;
import io.yuebing.kv.Rounding;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Converts raw KV cache files. */
@Command(
        name = "convert",
        description = "Converts raw KV cache files from one declared layout to another, exactly.",
        footer = {
            "",
            "Without block tables every block is converted, slot by slot. With them one sequence is: position p lies in",
            "block number p / block_size of each table. A new output file is filled with zeros first; an existing one of",
            "the right size keeps what is not written. Sharded caches take one file a rank: inputs first, then outputs.",
            "",
            "Examples:",
            "  ./yuebing kv convert --from volta.json --to flashinfer.json volta.bin flashinfer.bin",
            "  ./yuebing kv convert --from tp2.json --to tp1.json rank0.bin rank1.bin whole.bin",
            "  ./yuebing kv convert --from a.json --to b.json --blocks-from 4,0,3 --tokens 37 a.bin b.bin"
        })
final class KvConvertCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--from", required = true, paramLabel = "FROM.json", description = "Layout of the input files.")
    private @Nullable Path from;

    @Option(names = "--to", required = true, paramLabel = "TO.json", description = "Layout of the output files.")
    private @Nullable Path to;

    @Option(
            names = "--blocks-from",
            paramLabel = "IDS",
            description =
                    "Blocks of a sequence in the input, in order: 4,0,3 or 0-511; default with --blocks-to: 0, 1, 2, ...")
    private @Nullable String blocksFrom;

    @Option(
            names = "--blocks-to",
            paramLabel = "IDS",
            description = "Its blocks in the output; default with --blocks-from: 0, 1, 2, ...")
    private @Nullable String blocksTo;

    @Option(
            names = "--tokens",
            paramLabel = "N",
            description = "Tokens of the sequence; default: as many as the blocks of the input hold.")
    private @Nullable Integer tokens;

    @Option(
            names = "--allow-rounding",
            description = "Allow element types that cannot hold every value: to nearest, ties to even.")
    private boolean allowRounding;

    @Parameters(arity = "1..*", paramLabel = "FILE", description = "Input files, then output files.")
    private List<Path> files = List.of();

    @Override
    public Integer call() {
        if (from == null || to == null) {
            throw new IllegalStateException("picocli has not set the required options");
        }
        FileConversion conversion = FileConversion.plan(
                LayoutFile.read(from),
                LayoutFile.read(to),
                files,
                allowRounding ? Rounding.ALLOWED : Rounding.REFUSED,
                new BlockIds.Choice(
                        BlockIds.parse("--blocks-from", blocksFrom),
                        BlockIds.parse("--blocks-to", blocksTo),
                        tokens == null ? OptionalInt.empty() : OptionalInt.of(tokens)));
        Terminal terminal = Terminal.detect(System.getenv());
        try (ByteProgress progress = new ByteProgress(System.err, terminal, conversion.bytes())) {
            conversion.run(progress);
        }
        YuebingCommand.commandLine(spec).getOut().println(conversion.summary());
        YuebingCommand.commandLine(spec).getOut().flush();
        return 0;
    }
}
