package io.yuebing.cli.kv;

import io.yuebing.cli.Terminal;
import io.yuebing.cli.hub.Amounts;
import java.io.PrintStream;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;

/** Shows how far work on large files is: as a moving line on a terminal, otherwise as a line now and then. */
public final class ByteProgress implements LongConsumer, AutoCloseable {
    private static final long FRAME_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final long LINE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final PrintStream out;
    private final Terminal terminal;
    private final long total;
    private final long began = System.nanoTime();
    private long done;
    private long shown = began;

    /** @param total bytes of the whole work */
    public ByteProgress(PrintStream out, Terminal terminal, long total) {
        this.out = out;
        this.terminal = terminal;
        this.total = total;
    }

    @Override
    public void accept(long bytes) {
        done += bytes;
        long now = System.nanoTime();
        if (now - shown < (terminal.interactive() ? FRAME_NANOS : LINE_NANOS)) {
            return;
        }
        shown = now;
        long speed = (long) (done / Math.max(1e-3, (now - began) / 1e9));
        String line = "  " + 100 * done / Math.max(1, total) + " %  " + Amounts.bytes(done) + " of "
                + Amounts.bytes(total) + "  " + Amounts.bytes(speed) + "/s";
        if (terminal.interactive()) {
            out.print(Terminal.CLEAR_LINE + line);
        } else {
            out.println(line);
        }
        out.flush();
    }

    @Override
    public void close() {
        if (terminal.interactive() && shown != began) {
            out.print(Terminal.CLEAR_LINE);
            out.flush();
        }
    }
}
