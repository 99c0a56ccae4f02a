package io.yuebing.text;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds stop strings in text that arrives in pieces, holding back only what could still become one.
 *
 * <p>The match is the one that is complete first; of several complete at the same character, the longest. So the outcome
 * does not depend on how the text was cut into pieces.
 */
public final class StopStrings {
    private final List<String> stops;
    private final boolean keepMatch;

    /** The longest suffix of the text so far that begins a stop string, and after it what is just being looked at. */
    private final StringBuilder window = new StringBuilder();

    /** How much of the window has been released already; always 0 unless the match is kept. */
    private int released;

    private @Nullable String matched;

    /**
     * Starts with an empty text.
     *
     * @param stops none of them empty; no stop strings find nothing
     * @param keepMatch whether the stop string itself is part of the output
     */
    public StopStrings(List<String> stops, boolean keepMatch) {
        this.stops = stops;
        this.keepMatch = keepMatch;
    }

    /**
     * Takes the next piece of text.
     *
     * @param armed false while a match must not end in this piece yet
     * @return what can be shown now; nothing more comes after a match
     */
    public String append(String piece, boolean armed) {
        if (stops.isEmpty()) {
            return piece;
        }
        StringBuilder shown = new StringBuilder();
        for (int i = 0; i < piece.length() && matched == null; i++) {
            window.append(piece.charAt(i));
            if (armed) {
                matched = longestMatch();
            }
            int keep = matched == null ? longestBeginning() : keepMatch ? 0 : matched.length();
            int showUpTo = keepMatch ? window.length() : window.length() - keep;
            shown.append(window, released, showUpTo);
            window.delete(0, window.length() - keep);
            released = keepMatch ? keep : 0;
        }
        return shown.toString();
    }

    /** What was held back and turned out to be ordinary text; nothing after a match. */
    public String finish() {
        String rest = matched == null ? window.substring(released) : "";
        window.setLength(0);
        released = 0;
        return rest;
    }

    /** The stop string that was found. */
    public Optional<String> matched() {
        return Optional.ofNullable(matched);
    }

    private @Nullable String longestMatch() {
        String longest = null;
        for (String stop : stops) {
            if (endsWith(stop, stop.length()) && (longest == null || stop.length() > longest.length())) {
                longest = stop;
            }
        }
        return longest;
    }

    /** Length of the longest end of the window that is a proper beginning of a stop string. */
    private int longestBeginning() {
        int longest = 0;
        for (String stop : stops) {
            for (int n = Math.min(stop.length() - 1, window.length()); n > longest; n--) {
                if (endsWith(stop, n)) {
                    longest = n;
                }
            }
        }
        return longest;
    }

    /** Whether the window ends with the first {@code n} characters of {@code text}. */
    private boolean endsWith(String text, int n) {
        int from = window.length() - n;
        if (from < 0) {
            return false;
        }
        for (int i = 0; i < n; i++) {
            if (window.charAt(from + i) != text.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}
