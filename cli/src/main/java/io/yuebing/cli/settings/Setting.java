package io.yuebing.cli.settings;

import io.yuebing.api.UserError;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * One line of the table of settings.
 *
 * @param name the spelling in {@code yuebing.yaml}; flag and environment variable follow from it
 * @param type how its text is read
 * @param fallback the value when nobody gives one; empty = decided by {@code fallbackNote}
 * @param fallbackNote what help and {@code config} say about the default when it is no fixed value
 * @param description what it is for, in one line
 * @param parts the commands that heed it
 * @param secret whether {@code config} hides its value
 */
public record Setting<T>(
        String name,
        ValueType<T> type,
        Optional<T> fallback,
        String fallbackNote,
        String description,
        Set<Part> parts,
        boolean secret) {

    /** {@code --max-model-len}. */
    public String flag() {
        return "--" + name;
    }

    /** {@code YUEBING_MAX_MODEL_LEN}. */
    public String environmentName() {
        return "YUEBING_" + name.toUpperCase(Locale.ROOT).replace('-', '_');
    }

    /** The default for people: the value, or what decides it. */
    public String describeFallback() {
        return fallbackNote.isEmpty()
                ? fallback.map(type.writer()).filter(text -> !text.isEmpty()).orElse("none")
                : fallbackNote;
    }

    /**
     * Reads a value.
     *
     * @throws UserError a sentence that names the setting, where the value came from, expected and found
     */
    Resolved<T> read(String text, Origin origin) {
        try {
            return new Resolved<>(this, Optional.of(type.reader().apply(text)), origin);
        } catch (IllegalArgumentException e) {
            String shown = secret ? "the given value" : "'" + text + "'";
            throw new UserError(origin.spelling(this) + ": expected " + type.expected() + ", got " + shown, e);
        }
    }
}
