package io.yuebing.cli.settings;

import java.nio.file.Path;

/** Where a value came from. */
public sealed interface Origin {
    /** A flag on the command line. */
    record Flag() implements Origin {}

    /** An environment variable. */
    record Environment() implements Origin {}

    /** A line of the configuration file. */
    record File(Path path, int line) implements Origin {}

    /** Nobody gave a value. */
    record Default() implements Origin {}

    /** How the person wrote the setting, for errors: {@code --port}, {@code YUEBING_PORT}, {@code yuebing.yaml:3: port}. */
    default String spelling(Setting<?> setting) {
        return switch (this) {
            case Flag flag -> setting.flag();
            case Environment environment -> setting.environmentName();
            case File file -> file.path() + ":" + file.line() + ": " + setting.name();
            case Default none -> setting.name();
        };
    }

    /** The column "from" of {@code config}. */
    default String label(Setting<?> setting) {
        return switch (this) {
            case Flag flag -> "flag " + setting.flag();
            case Environment environment -> "environment " + setting.environmentName();
            case File file -> file.path() + ":" + file.line();
            case Default none -> "default";
        };
    }
}
