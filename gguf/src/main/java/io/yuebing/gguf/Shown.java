package io.yuebing.gguf;

/** Text of a file, as it may be shown in a message. */
final class Shown {
    private static final int MAX_CHARS = 60;

    private Shown() {}

    /** At most {@value #MAX_CHARS} characters, none of which controls a terminal. */
    static String of(String text) {
        String line = text.replaceAll("\\p{Cntrl}", "?");
        return line.length() <= MAX_CHARS ? line : line.substring(0, MAX_CHARS) + "...";
    }
}
