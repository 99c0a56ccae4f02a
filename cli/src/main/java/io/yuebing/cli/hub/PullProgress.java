package io.yuebing.cli.hub;

import io.yuebing.cli.Terminal;
import java.io.PrintStream;
import java.time.Duration;

/** Shows how far fetching is: as a moving bar on a terminal, otherwise as a line now and then. */
public final class PullProgress implements PullListener, AutoCloseable {
    private static final Duration FRAME = Duration.ofMillis(120);
    private static final Duration LINE_INTERVAL = Duration.ofSeconds(10);
    private static final int BAR_WIDTH = 24;

    private final PrintStream out;
    private final Terminal terminal;
    private final String label;
    private final Thread ticker;
    private long total;
    private long start;
    private long have;
    private long began;

    /** @param label what is fetched */
    public PullProgress(PrintStream out, Terminal terminal, String label) {
        this.out = out;
        this.terminal = terminal;
        this.label = label;
        this.ticker = Thread.ofVirtual().name("pull-progress").unstarted(this::tick);
    }

    @Override
    public synchronized void began(long bytes, long alreadyHere) {
        total = bytes;
        start = alreadyHere;
        have = alreadyHere;
        began = System.nanoTime();
        if (have < total) {
            line(label + ": fetching " + Amounts.bytes(total - have) + " of " + Amounts.bytes(total));
            ticker.start();
        }
    }

    @Override
    public synchronized void received(long bytes) {
        have += bytes;
    }

    @Override
    public synchronized void fetched(RemoteFile file) {
        line("  " + file.path() + "  " + Amounts.bytes(file.size()));
    }

    @Override
    public synchronized void retrying(String what, String reason, Duration delay) {
        line(terminal.yellow("  " + what + ": " + reason + "; trying again in " + delay.toMillis() / 1000.0 + " s"));
    }

    @Override
    public void close() {
        ticker.interrupt();
        synchronized (this) {
            if (terminal.interactive()) {
                out.print(Terminal.CLEAR_LINE);
            }
            out.flush();
        }
    }

    private void tick() {
        try {
            while (true) {
                Thread.sleep(terminal.interactive() ? FRAME : LINE_INTERVAL);
                synchronized (this) {
                    if (terminal.interactive()) {
                        out.print(Terminal.CLEAR_LINE + bar());
                        out.flush();
                    } else {
                        out.println(status());
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void line(String text) {
        if (terminal.interactive()) {
            out.print(Terminal.CLEAR_LINE);
        }
        out.println(text);
        out.flush();
    }

    private String bar() {
        int full = (int) (BAR_WIDTH * have / Math.max(1, total));
        return "  " + terminal.cyan("█".repeat(full)) + terminal.dim("░".repeat(BAR_WIDTH - full)) + status();
    }

    private String status() {
        long percent = 100 * have / Math.max(1, total);
        double seconds = Math.max(1e-3, (System.nanoTime() - began) / 1e9);
        long speed = (long) ((have - start) / seconds);
        String left = speed > 0 ? "  " + Amounts.clock(Duration.ofSeconds((total - have) / speed)) + " left" : "";
        return "  " + percent + " %  " + Amounts.bytes(have) + "  " + Amounts.bytes(Math.max(0, speed)) + "/s" + left;
    }
}
