package io.yuebing.cli.log;

import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogRecord;

/** Writes a log record as one line: time, level, process, message. */
final class LineFormatter extends Formatter {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT);

    private final String process;
    private final ZoneId zone;
    private final boolean stackTraces;

    /**
     * @param process name of this process, such as {@code prefill}
     * @param zone zone of the times
     * @param stackTraces whether exceptions are written with their stack traces, on further lines
     */
    LineFormatter(String process, ZoneId zone, boolean stackTraces) {
        this.process = process;
        this.zone = zone;
        this.stackTraces = stackTraces;
    }

    @Override
    public String format(LogRecord record) {
        StringBuilder line = new StringBuilder(160);
        TIME.formatTo(Instant.ofEpochMilli(record.getMillis()).atZone(zone), line);
        line.append(' ').append(levelName(record.getLevel()));
        line.append(' ').append(process).append("  ");
        line.append(formatMessage(record).strip().replaceAll("\\R\\s*", " | "));
        Throwable thrown = record.getThrown();
        if (thrown != null) {
            line.append(": ").append(thrown.toString().replaceAll("\\R\\s*", " | "));
        }
        line.append(System.lineSeparator());
        if (thrown != null && stackTraces) {
            for (StackTraceElement frame : thrown.getStackTrace()) {
                line.append("    at ").append(frame).append(System.lineSeparator());
            }
        }
        return line.toString();
    }

    private static String levelName(Level level) {
        if (level.intValue() >= Level.SEVERE.intValue()) {
            return "ERROR";
        }
        if (level.intValue() >= Level.WARNING.intValue()) {
            return "WARN ";
        }
        if (level.intValue() >= Level.INFO.intValue()) {
            return "INFO ";
        }
        return level.intValue() >= Level.FINE.intValue() ? "DEBUG" : "TRACE";
    }
}
