package io.yuebing.text.jinja;

/** Bounds that keep a template from exhausting the process: no prompt in use comes near them. */
final class Limits {
    /** Longest text, in UTF-16 units. */
    static final int TEXT = 1 << 25;
    /** Longest list. */
    static final int ITEMS = 1 << 22;
    /** Macro calls and recursive loops within one another. */
    static final int DEPTH = 200;
    /** Loop iterations and calls of one rendering. */
    static final long STEPS = 5_000_000;
    /** Jinja2's own bound ({@code sandbox.MAX_RANGE}). */
    static final int RANGE = 100_000;
    /** Expressions and statements within one another. */
    static final int NESTING = 200;

    private Limits() {}

    static void checkText(long length) {
        if (length > TEXT) {
            throw new JinjaException("the text grows past the limit of " + TEXT + " characters");
        }
    }

    static void checkItems(long size) {
        if (size > ITEMS) {
            throw new JinjaException("a list grows past the limit of " + ITEMS + " items");
        }
    }
}
