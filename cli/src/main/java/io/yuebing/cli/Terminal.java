package io.yuebing.cli;

import java.io.Console;
import java.util.Map;

/**
 * What the terminal can do.
 *
 * @param interactive whether a person types and reads there
 * @param colours whether escape sequences for colours are welcome
 * @param width columns
 */
public record Terminal(boolean interactive, boolean colours, int width) {
    private static final int DEFAULT_WIDTH = 100;
    private static final int LEAST_WIDTH = 40;
    /** Moves to the start of the line and clears it. */
    public static final String CLEAR_LINE = "\r\u001b[2K";

    /** Looks at the terminal of this process. */
    public static Terminal detect(Map<String, String> environment) {
        Console console = System.console();
        boolean interactive =
                console != null && console.isTerminal() && !"dumb".equals(environment.getOrDefault("TERM", ""));
        boolean colours =
                interactive && environment.getOrDefault("NO_COLOR", "").isEmpty();
        return new Terminal(interactive, colours, width(environment));
    }

    private static int width(Map<String, String> environment) {
        try {
            return Math.max(LEAST_WIDTH, Integer.parseInt(environment.getOrDefault("COLUMNS", "")));
        } catch (NumberFormatException e) {
            return DEFAULT_WIDTH;
        }
    }

    public String bold(String text) {
        return styled("1", text);
    }

    public String dim(String text) {
        return styled("2", text);
    }

    public String red(String text) {
        return styled("31", text);
    }

    public String green(String text) {
        return styled("32", text);
    }

    public String yellow(String text) {
        return styled("33", text);
    }

    public String cyan(String text) {
        return styled("36", text);
    }

    private String styled(String code, String text) {
        return colours ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
    }
}
