package io.yuebing.cli.log;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.ZoneId;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.StreamHandler;
import org.jspecify.annotations.Nullable;

/**
 * Sends all log lines of this process to standard error.
 *
 * <p>SLF4J and the libraries' System.Logger both end in java.util.logging, so one handler serves them all.
 */
public final class Logging {
    /** Libraries that tell about themselves at INFO what nobody asked; their warnings stay. */
    private static final List<Logger> TALKATIVE =
            List.of(Logger.getLogger("io.helidon"), Logger.getLogger("ai.djl"), Logger.getLogger("jdk.event.security"));

    /** DJL looks for GPUs that Yuebing has no use for, and warns of drivers that do not fit. */
    private static final Logger GPU_SEARCH = Logger.getLogger("ai.djl.util.cuda");

    /** Warns of every client that sends no HTTP; our own line names such a client once. */
    private static final Logger HTTP = Logger.getLogger("io.helidon.webserver.http1.Http1Connection");

    private Logging() {}

    /**
     * Sets up.
     *
     * @param process name of this process in every line
     * @param level {@code error}, {@code warn}, {@code info}, {@code debug} or {@code trace}
     */
    public static void configure(String process, String level) {
        Level least = switch (level) {
            case "error" -> Level.SEVERE;
            case "warn" -> Level.WARNING;
            case "info" -> Level.INFO;
            case "debug" -> Level.FINE;
            case "trace" -> Level.FINEST;
            default -> throw new IllegalArgumentException("unknown log level " + level);
        };
        configure(System.err, new LineFormatter(process, ZoneId.systemDefault(), detailed(least)), least);
    }

    private static boolean detailed(Level least) {
        return least.intValue() < Level.INFO.intValue();
    }

    private static boolean isUnreadableRequest(@Nullable Throwable thrown) {
        return thrown != null && thrown.getCause() instanceof IllegalArgumentException;
    }

    static void configure(PrintStream out, LineFormatter formatter, Level least) {
        Logger root = Logger.getLogger("");
        for (var handler : root.getHandlers()) {
            root.removeHandler(handler);
        }
        root.addHandler(new FlushingHandler(out, formatter));
        root.setLevel(least);
        Level libraries = detailed(least) ? least : Level.WARNING;
        TALKATIVE.forEach(logger -> logger.setLevel(libraries));
        GPU_SEARCH.setLevel(Level.SEVERE);
        HTTP.setFilter(detailed(least) ? null : record -> !isUnreadableRequest(record.getThrown()));
    }

    /** Writes each record at once. */
    private static final class FlushingHandler extends StreamHandler {
        FlushingHandler(OutputStream out, LineFormatter formatter) {
            super(new PrintStream(out, false, StandardCharsets.UTF_8), formatter);
            setLevel(Level.ALL);
        }

        @Override
        public void publish(LogRecord record) {
            super.publish(record);
            flush();
        }
    }
}
