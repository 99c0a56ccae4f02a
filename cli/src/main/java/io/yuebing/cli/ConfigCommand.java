package io.yuebing.cli;

import io.yuebing.cli.settings.Configuration;
import io.yuebing.cli.settings.Part;
import io.yuebing.cli.settings.Resolved;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Shows what holds and why. */
@Uses({Part.NODE, Part.MODEL, Part.LISTEN, Part.PLACE, Part.GATEWAY, Part.CHAT, Part.HUB, Part.LOG})
@Command(
        name = "config",
        description = "Prints every setting, its value and where the value came from.",
        footer = {
            "",
            "Flags go before environment variables (YUEBING_PORT for --port), these before",
            "yuebing.yaml, this before defaults.",
            "",
            "Examples:",
            "  ./yuebing config",
            "  YUEBING_PORT=9000 ./yuebing config --kv-memory 2GiB"
        })
final class ConfigCommand implements Runnable {
    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        Configuration configuration = SettingOptions.configuration(spec);
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("SETTING", "VALUE", "FROM"));
        for (Resolved<?> resolved : configuration.all()) {
            rows.add(List.of(
                    resolved.setting().name(),
                    resolved.show(),
                    resolved.origin().label(resolved.setting())));
        }
        Table.print(YuebingCommand.commandLine(spec).getOut(), rows);
    }
}
