package io.yuebing.cli;

import io.yuebing.cli.settings.Configuration;
import io.yuebing.cli.settings.ConfigurationFile;
import io.yuebing.cli.settings.Setting;
import io.yuebing.cli.settings.Settings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Turns the table of settings into flags of commands, and flags, environment and file into a configuration. */
final class SettingOptions {
    private SettingOptions() {}

    /** Gives a command the flags of the settings that it {@link Uses}. */
    static void install(CommandLine command) {
        Uses uses = command.getCommandSpec().userObject().getClass().getAnnotation(Uses.class);
        if (uses == null) {
            return;
        }
        for (Setting<?> setting : Settings.of(Set.of(uses.value()))) {
            command.getCommandSpec().addOption(option(setting));
        }
    }

    private static OptionSpec option(Setting<?> setting) {
        String description = setting.description() + " @|faint (" + setting.describeFallback() + ")|@";
        return OptionSpec.builder(setting.flag())
                .paramLabel(setting.type().label())
                .type(String.class)
                .description(description.replace("%", "%%"))
                .build();
    }

    /** What holds for the command that was parsed. */
    static Configuration configuration(@Nullable CommandSpec spec) {
        CommandSpec command = YuebingCommand.commandLine(spec).getCommandSpec();
        Configuration configuration =
                Configuration.resolve(flags(command), System.getenv(), file(YuebingCommand.configFile(command)));
        Configuration.misspelt(System.getenv().keySet()).forEach(System.err::println);
        return configuration;
    }

    private static Map<Setting<?>, String> flags(CommandSpec command) {
        Map<Setting<?>, String> flags = new HashMap<>();
        for (Setting<?> setting : Settings.all()) {
            OptionSpec option = command.findOption(setting.flag());
            if (option != null && option.getValue() instanceof String text) {
                flags.put(setting, text);
            }
        }
        return flags;
    }

    private static Optional<ConfigurationFile> file(Optional<Path> named) {
        if (named.isPresent()) {
            return named.map(ConfigurationFile::read);
        }
        return Files.exists(ConfigurationFile.DEFAULT_PATH)
                ? Optional.of(ConfigurationFile.read(ConfigurationFile.DEFAULT_PATH))
                : Optional.empty();
    }
}
