package io.yuebing.cli.settings;

import io.yuebing.api.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.dataformat.yaml.YAMLFactory;

/**
 * The settings that a {@code yuebing.yaml} gives: one flat mapping from names of {@link Settings} to values.
 *
 * @param path the file, as people should see it in messages
 * @param entries value and line by setting name
 */
public record ConfigurationFile(Path path, Map<String, Entry> entries) {
    /** The file that is read from the working directory when {@code --config} names none. */
    public static final Path DEFAULT_PATH = Path.of("yuebing.yaml");

    /** A value with the line that it stands on, counted from 1. */
    public record Entry(String value, int line) {}

    public ConfigurationFile {
        entries = Map.copyOf(entries);
    }

    /**
     * Reads a file.
     *
     * @throws UserError if it cannot be read, is no flat mapping, or has an unknown or repeated key
     */
    public static ConfigurationFile read(Path path) {
        try {
            return parse(path, Files.readString(path));
        } catch (IOException e) {
            throw new UserError("cannot read configuration file " + path + ": " + e.getMessage(), e);
        }
    }

    static ConfigurationFile parse(Path path, String yaml) {
        Map<String, Entry> entries = new HashMap<>();
        try (JsonParser parser = new YAMLFactory().createParser(ObjectReadContext.empty(), yaml)) {
            JsonToken first = parser.nextToken();
            if (first == null || first == JsonToken.VALUE_NULL) {
                return new ConfigurationFile(path, entries);
            }
            if (first != JsonToken.START_OBJECT) {
                throw new UserError(at(path, parser) + "expected lines of the form 'name: value'");
            }
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                readEntry(path, parser, entries);
            }
        } catch (JacksonException e) {
            throw new UserError(
                    path + ":"
                            + Math.max(
                                    1,
                                    e.getLocation() == null
                                            ? 1
                                            : e.getLocation().getLineNr()) + ": not valid YAML: "
                            + e.getOriginalMessage().lines().findFirst().orElse("syntax error"),
                    e);
        }
        return new ConfigurationFile(path, entries);
    }

    private static void readEntry(Path path, JsonParser parser, Map<String, Entry> entries) {
        String name = parser.currentName();
        int line = parser.currentTokenLocation().getLineNr();
        if (Settings.named(name).isEmpty()) {
            throw new UserError(path + ":" + line + ": unknown setting '" + name + "'" + suggestion(name));
        }
        Optional<String> value = readValue(path, parser, name);
        Entry before =
                value.map(text -> entries.put(name, new Entry(text, line))).orElse(null);
        if (before != null) {
            throw new UserError(
                    path + ":" + line + ": setting '" + name + "' is given twice, first on line " + before.line());
        }
    }

    private static String suggestion(String name) {
        List<String> known = Settings.all().stream().map(Setting::name).toList();
        return NearestName.of(name, known)
                .map(nearest -> "; did you mean '" + nearest + "'?")
                .orElse("; './yuebing config' lists all settings");
    }

    /** The text of a scalar or of a list of scalars; empty for a key without a value. */
    private static Optional<String> readValue(Path path, JsonParser parser, String name) {
        JsonToken token = parser.nextToken();
        if (token == JsonToken.VALUE_NULL) {
            return Optional.empty();
        }
        if (token.isScalarValue()) {
            return Optional.of(parser.getString());
        }
        if (token == JsonToken.START_OBJECT) {
            throw new UserError(at(path, parser) + "expected a value for '" + name + "', got a nested mapping");
        }
        StringJoiner items = new StringJoiner(",");
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (!parser.currentToken().isScalarValue()) {
                throw new UserError(at(path, parser) + "expected a list of plain values for '" + name + "'");
            }
            items.add(parser.getString());
        }
        return Optional.of(items.toString());
    }

    private static String at(Path path, JsonParser parser) {
        return path + ":" + parser.currentTokenLocation().getLineNr() + ": ";
    }
}
