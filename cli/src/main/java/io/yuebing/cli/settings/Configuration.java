package io.yuebing.cli.settings;

import io.yuebing.api.UserError;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The value of every setting: flags go before environment variables, these before the file, this before defaults. */
public final class Configuration {
    /** Variables that the launcher heeds; they are no settings. */
    private static final Set<String> LAUNCHER_VARIABLES = Set.of(
            "YUEBING_JAVA_HOME",
            "YUEBING_JAVA_OPTS",
            "YUEBING_JDK_FOLDERS",
            "YUEBING_ADOPTIUM_API",
            "YUEBING_NO_DOWNLOAD");

    private final Map<Setting<?>, Resolved<?>> values = new LinkedHashMap<>();

    private Configuration() {}

    /**
     * Decides.
     *
     * @param flags texts from the command line, by setting
     * @param environment the process's environment
     * @param file the configuration file, if there is one
     * @throws UserError if a value is not what its setting expects
     */
    public static Configuration resolve(
            Map<Setting<?>, String> flags, Map<String, String> environment, Optional<ConfigurationFile> file) {
        Configuration configuration = new Configuration();
        for (Setting<?> setting : Settings.all()) {
            configuration.values.put(setting, resolve(setting, flags, environment, file.orElse(null)));
        }
        return configuration;
    }

    private static <T> Resolved<T> resolve(
            Setting<T> setting,
            Map<Setting<?>, String> flags,
            Map<String, String> environment,
            @Nullable ConfigurationFile file) {
        String flag = flags.get(setting);
        if (flag != null) {
            return setting.read(flag, new Origin.Flag());
        }
        String variable = environment.get(setting.environmentName());
        if (variable != null && !variable.isEmpty()) {
            return setting.read(variable, new Origin.Environment());
        }
        ConfigurationFile.Entry entry = file == null ? null : file.entries().get(setting.name());
        if (file != null && entry != null) {
            return setting.read(entry.value(), new Origin.File(file.path(), entry.line()));
        }
        return new Resolved<>(setting, setting.fallback(), new Origin.Default());
    }

    /** Warnings about environment variables that look like misspelt settings. */
    public static List<String> misspelt(Collection<String> variables) {
        List<String> known =
                Settings.all().stream().map(Setting::environmentName).toList();
        List<String> warnings = new ArrayList<>();
        for (String variable : variables) {
            if (variable.startsWith("YUEBING_")
                    && !known.contains(variable)
                    && !LAUNCHER_VARIABLES.contains(variable)) {
                NearestName.of(variable, known)
                        .ifPresent(nearest -> warnings.add("environment variable " + variable
                                + " is no setting and is ignored; did you mean " + nearest + "?"));
            }
        }
        return warnings;
    }

    /** The value of a setting that always has one. */
    public <T> T get(Setting<T> setting) {
        return find(setting).orElseThrow(() -> new UserError(setting.flag() + " is needed: " + setting.description()));
    }

    /** The value of a setting whose default may be decided later. */
    public <T> Optional<T> find(Setting<T> setting) {
        return resolved(setting).value();
    }

    /** Value and origin of a setting. */
    @SuppressWarnings("unchecked") // resolve() stores a Resolved<T> under every Setting<T>
    public <T> Resolved<T> resolved(Setting<T> setting) {
        Resolved<?> resolved = values.get(setting);
        if (resolved == null) {
            throw new IllegalArgumentException("setting " + setting.name() + " is not in the table");
        }
        return (Resolved<T>) resolved;
    }

    /** Every setting in the order of the table. */
    public List<Resolved<?>> all() {
        return List.copyOf(values.values());
    }

    /**
     * A path that a setting gives: from the file it is relative to the file's folder, otherwise to the working
     * directory.
     */
    public Path path(Setting<String> setting, String text) {
        Path path = Path.of(text);
        if (resolved(setting).origin() instanceof Origin.File file && !path.isAbsolute()) {
            return file.path().resolveSibling(path);
        }
        return path;
    }
}
