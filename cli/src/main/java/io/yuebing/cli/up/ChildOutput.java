package io.yuebing.cli.up;

import java.util.regex.Pattern;

/** Sorts the lines that a child writes. */
final class ChildOutput {
    private static final Pattern LOG_LINE = Pattern.compile("\\d\\d:\\d\\d:\\d\\d\\.\\d{3} .*");
    /** The JVM says this of every process that computes; there is no option against it. */
    private static final String INCUBATOR_NOTICE = "WARNING: Using incubator modules: jdk.incubator.vector";

    private ChildOutput() {}

    /** Whether the line has time and process name already. */
    static boolean isLogLine(String line) {
        return LOG_LINE.matcher(line).matches();
    }

    static boolean worthShowing(String line) {
        return !line.equals(INCUBATOR_NOTICE);
    }
}
