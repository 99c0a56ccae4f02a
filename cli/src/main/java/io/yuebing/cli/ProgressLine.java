package io.yuebing.cli;

import java.io.PrintStream;
import java.util.Locale;

/** One line at the bottom of a terminal that says how far a command is; nothing where nobody watches. */
final class ProgressLine implements AutoCloseable {
    private static final int BAR_WIDTH = 24;
    private static final long FRAME_NANOS = 80_000_000;

    private final PrintStream out;
    private final Terminal terminal;
    private final long began = System.nanoTime();
    private String shown = "";
    private long shownAt = began - FRAME_NANOS;

    ProgressLine(PrintStream out, Terminal terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    /**
     * Shows the state, unless another was shown a moment ago.
     *
     * @param what is being done
     * @param share of the whole, 0 to 1
     */
    synchronized void at(String what, double share) {
        long now = System.nanoTime();
        if (!terminal.interactive() || (what.equals(shown) && now - shownAt < FRAME_NANOS)) {
            return;
        }
        shown = what;
        shownAt = now;
        int full = (int) Math.round(BAR_WIDTH * Math.clamp(share, 0, 1));
        String tail =
                String.format(Locale.ROOT, "  %3.0f %%  %s, %d s", 100 * share, what, (now - began) / 1_000_000_000L);
        int room = Math.max(0, terminal.width() - BAR_WIDTH - 3);
        out.print(Terminal.CLEAR_LINE + "  " + terminal.cyan("█".repeat(full))
                + terminal.dim("░".repeat(BAR_WIDTH - full))
                + (tail.length() > room ? tail.substring(0, room) : tail));
        out.flush();
    }

    /** Clears the line. */
    @Override
    public synchronized void close() {
        if (terminal.interactive()) {
            out.print(Terminal.CLEAR_LINE);
            out.flush();
        }
    }
}
