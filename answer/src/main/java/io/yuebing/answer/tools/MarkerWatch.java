package io.yuebing.answer.tools;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds the first of several markers in text, holding back only what could still become one. */
final class MarkerWatch {
    private final List<String> markers;
    private final StringBuilder window = new StringBuilder();

    MarkerWatch(List<String> markers) {
        this.markers = markers;
    }

    MarkerWatch(String... markers) {
        this(List.of(markers));
    }

    /**
     * Takes the next character.
     *
     * @param passed gets the text before the character that turned out to be no marker
     * @return the marker that this character completes, or null
     */
    @Nullable
    String accept(char c, StringBuilder passed) {
        window.append(c);
        while (!window.isEmpty()) {
            for (String marker : markers) {
                if (window.length() <= marker.length() && startsWithWindow(marker)) {
                    if (window.length() < marker.length()) {
                        return null;
                    }
                    window.setLength(0);
                    return marker;
                }
            }
            passed.append(window.charAt(0));
            window.deleteCharAt(0);
        }
        return null;
    }

    /** What is held back; the next character begins anew. */
    String drain() {
        String held = window.toString();
        window.setLength(0);
        return held;
    }

    private boolean startsWithWindow(String marker) {
        for (int i = 0; i < window.length(); i++) {
            if (window.charAt(i) != marker.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}
