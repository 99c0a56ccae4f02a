package io.yuebing.cli.up;

import io.yuebing.cli.Terminal;
import java.io.PrintStream;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Shows the life of the processes: one line per event, and on a terminal, below them, a moving line per process until
 * all are ready.
 */
public final class UpDisplay implements UpListener, AutoCloseable {
    private static final List<String> SPINNER = List.of("⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏");
    private static final Duration FRAME = Duration.ofMillis(80);
    private static final String CURSOR_UP_AND_CLEAR = "\u001b[1A\u001b[2K";
    private static final int NAME_WIDTH = 8;

    private final PrintStream out;
    private final Terminal terminal;
    /** What the moving lines say; empty when nothing moves. Guarded by this, as is all drawing. */
    private final Map<String, Row> rows = new LinkedHashMap<>();

    private int drawn;
    private int frame;

    private record Row(String text, long since, boolean settled) {}

    /** @param children names of the processes, in the order of their lines */
    public UpDisplay(PrintStream out, Terminal terminal, List<String> children) {
        this.out = out;
        this.terminal = terminal;
        if (terminal.interactive()) {
            long now = System.nanoTime();
            children.forEach(child -> rows.put(child, new Row("starts", now, false)));
            Thread.ofPlatform().daemon().name("display").start(this::animate);
        }
    }

    @Override
    public void starting(String child) {
        event(child, "starts", false);
    }

    @Override
    public void ready(String child, String address, Duration took) {
        event(child, terminal.green("ready") + " on " + address + " after " + seconds(took), true);
    }

    @Override
    public void died(String child, int exitCode, Duration delay) {
        event(child, terminal.red("ended with exit code " + exitCode) + ", starts again in " + seconds(delay), false);
    }

    @Override
    public void output(String child, String line) {
        if (ChildOutput.worthShowing(line)) {
            print(ChildOutput.isLogLine(line) ? line : name(child) + line);
        }
    }

    @Override
    public void stopped(String child) {
        event(child, "stopped", true);
    }

    /** Writes a line above the moving ones. */
    public synchronized void print(String line) {
        erase();
        out.println(line);
        draw();
    }

    /** Makes the moving lines stand still: what they say last stays on the screen. */
    @Override
    public synchronized void close() {
        erase();
        draw();
        rows.clear();
        drawn = 0;
    }

    private synchronized void event(String child, String text, boolean settled) {
        if (rows.containsKey(child)) {
            rows.put(child, new Row(text, System.nanoTime(), settled));
            erase();
            draw();
        } else {
            print(name(child) + text);
        }
    }

    private void animate() {
        try {
            while (true) {
                synchronized (this) {
                    if (rows.isEmpty()) {
                        return;
                    }
                    frame++;
                    erase();
                    draw();
                }
                Thread.sleep(FRAME);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void erase() {
        out.print(CURSOR_UP_AND_CLEAR.repeat(drawn));
        drawn = 0;
    }

    private void draw() {
        rows.forEach((child, row) -> out.println(mark(row) + " " + name(child) + row.text() + elapsed(row)));
        drawn = rows.size();
        out.flush();
    }

    private String mark(Row row) {
        return row.settled() ? terminal.green("✓") : terminal.yellow(SPINNER.get(frame % SPINNER.size()));
    }

    private String elapsed(Row row) {
        return row.settled() ? "" : "  " + terminal.dim(seconds(Duration.ofNanos(System.nanoTime() - row.since())));
    }

    private String name(String child) {
        return terminal.cyan(child + " ".repeat(Math.max(0, NAME_WIDTH - child.length()))) + " ";
    }

    /** A time with one decimal: {@code 1.3 s}. */
    public static String seconds(Duration duration) {
        return String.format(Locale.ROOT, "%.1f s", duration.toMillis() / 1000.0);
    }
}
