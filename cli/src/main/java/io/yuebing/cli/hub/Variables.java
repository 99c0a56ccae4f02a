package io.yuebing.cli.hub;

import io.yuebing.api.UserError;
import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** Reads the environment variables that the hubs' own tools define. */
final class Variables {
    private Variables() {}

    static Optional<String> text(Map<String, String> environment, String name) {
        return Optional.ofNullable(environment.get(name)).map(String::strip).filter(text -> !text.isEmpty());
    }

    /** A folder; {@code ~} at the start is the home folder. */
    static Optional<Path> path(Map<String, String> environment, String name) {
        return text(environment, name)
                .map(text -> text.startsWith("~/") ? home(environment).resolve(text.substring(2)) : Path.of(text));
    }

    /** An address without a slash at its end; {@code https} where only a host is given. */
    static URI endpoint(Map<String, String> environment, String name, String fallback) {
        String text = text(environment, name).orElse(fallback).replaceAll("/+$", "");
        try {
            URI uri = URI.create(text.contains("://") ? text : "https://" + text);
            if (uri.getHost() != null) {
                return uri;
            }
        } catch (IllegalArgumentException e) {
            throw new UserError(name + ": expected an address such as " + fallback + ", got '" + text + "'", e);
        }
        throw new UserError(name + ": expected an address such as " + fallback + ", got '" + text + "'");
    }

    static Path cacheFolder(Map<String, String> environment) {
        return path(environment, "XDG_CACHE_HOME")
                .orElseGet(() -> home(environment).resolve(".cache"));
    }

    private static Path home(Map<String, String> environment) {
        return Path.of(text(environment, "HOME").orElseGet(() -> System.getProperty("user.home", ".")));
    }
}
