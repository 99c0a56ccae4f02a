package io.yuebing.cli.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;

class LineFormatterTest {
    @Test
    void anEventIsOneLineWithTimeLevelProcessAndMessage() {
        assertThat(format(record(Level.INFO, "model loaded"), false))
                .isEqualTo("12:34:56.789 INFO  decode  model loaded\n");
        assertThat(format(record(Level.WARNING, "two\n  lines"), false))
                .isEqualTo("12:34:56.789 WARN  decode  two | lines\n");
    }

    @Test
    void anExceptionStaysOnTheLineAndItsTraceShowsOnlyWhenAskedFor() {
        LogRecord record = record(Level.SEVERE, "broken");
        record.setThrown(new IOException("disk full"));
        assertThat(format(record, false))
                .isEqualTo("12:34:56.789 ERROR decode  broken: java.io.IOException: disk full\n");
        assertThat(format(record, true)).contains("\n    at ");
    }

    private static LogRecord record(Level level, String message) {
        LogRecord record = new LogRecord(level, message);
        record.setInstant(Instant.parse("2026-01-02T12:34:56.789Z"));
        return record;
    }

    private static String format(LogRecord record, boolean traces) {
        return new LineFormatter("decode", ZoneOffset.UTC, traces)
                .format(record)
                .replace(System.lineSeparator(), "\n");
    }
}
