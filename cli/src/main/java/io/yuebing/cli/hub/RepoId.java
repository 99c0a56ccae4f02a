package io.yuebing.cli.hub;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model repository on a hub: {@code ORG/NAME}, or {@code ORG/NAME@REVISION}.
 *
 * @param revision branch, tag or commit; empty = the hub's main branch
 */
public record RepoId(String organization, String name, Optional<String> revision) {
    private static final Pattern FORM = Pattern.compile("([A-Za-z0-9][\\w.-]*)/([A-Za-z0-9][\\w.-]*)(?:@([\\w./-]+))?");

    /** Reads {@code ORG/NAME[@REVISION]}; empty if the text has another form. */
    public static Optional<RepoId> parse(String text) {
        Matcher matcher = FORM.matcher(text);
        boolean climbs = text.contains("..");
        return matcher.matches() && !climbs
                ? Optional.of(new RepoId(matcher.group(1), matcher.group(2), Optional.ofNullable(matcher.group(3))))
                : Optional.empty();
    }

    /** {@code ORG/NAME}. */
    public String path() {
        return organization + "/" + name;
    }

    @Override
    public String toString() {
        return path() + revision.map(wanted -> "@" + wanted).orElse("");
    }
}
