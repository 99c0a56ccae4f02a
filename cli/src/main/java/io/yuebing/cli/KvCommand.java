package io.yuebing.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Looks at raw KV cache files of any engine and converts them. */
@Command(
        name = "kv",
        description = "Looks at raw KV cache files of any engine, and converts them from one layout to another.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {KvConvertCommand.class, KvInspectCommand.class},
        footer = {
            "",
            "Layouts are declared in JSON files; docs/KV_LAYOUTS.md lists and draws them.",
            "",
            "Examples:",
            "  ./yuebing kv inspect --layout volta.json volta.bin",
            "  ./yuebing kv convert --from volta.json --to flashinfer.json volta.bin flashinfer.bin"
        })
final class KvCommand implements Runnable {
    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        if (spec != null) {
            spec.commandLine().usage(spec.commandLine().getOut());
        }
    }
}
