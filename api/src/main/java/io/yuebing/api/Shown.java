package io.yuebing.api;

/** Text from a file or a peer, as it may be shown in a message. */
public final class Shown {
    private static final int MAX_CHARS = 60;

    private Shown() {}

    /** At most {@value #MAX_CHARS} characters and an ellipsis, in one line. */
    public static String of(String text) {
        String line = line(text);
        return line.length() <= MAX_CHARS ? line : line.substring(0, MAX_CHARS) + "...";
    }

    /** The whole text without characters that control a terminal, line breaks among them. */
    public static String line(String text) {
        return text.replaceAll("\\p{Cntrl}", "?");
    }
}
