package io.yuebing.cli.settings;

import java.util.Optional;

/**
 * The value that holds for a setting.
 *
 * @param value empty when nobody gave one and the default is decided later
 * @param origin where it came from
 */
public record Resolved<T>(Setting<T> setting, Optional<T> value, Origin origin) {

    /** The value for people; secrets are hidden. */
    public String show() {
        if (value.isEmpty()) {
            return "(" + setting.describeFallback() + ")";
        }
        String shown = setting.secret() ? "***" : setting.type().writer().apply(value.get());
        return shown.isEmpty() ? "(none)" : shown;
    }

    /** The value as the setting would read it again, if somebody gave one. */
    public Optional<String> text() {
        return origin instanceof Origin.Default
                ? Optional.empty()
                : value.map(setting.type().writer());
    }
}
