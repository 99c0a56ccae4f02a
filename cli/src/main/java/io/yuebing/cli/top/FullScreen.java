package io.yuebing.cli.top;

import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import sun.misc.Signal;

/**
 * The whole terminal, which shows one frame after another; what stood there before comes back in the end.
 *
 * <p>A frame is written over the one before, in one piece and without clearing the screen first, so nothing flickers.
 */
final class FullScreen implements AutoCloseable {
    private static final String ENTER = "\u001b[?1049h\u001b[?25l";
    private static final String LEAVE = "\u001b[?25h\u001b[?1049l";
    private static final String BEGIN_FRAME = "\u001b[?2026h\u001b[H";
    private static final String END_OF_LINE = "\u001b[K";
    /** The cursor goes home: a terminal that gets lower scrolls what is above the cursor. */
    private static final String END_FRAME = "\u001b[J\u001b[H\u001b[?2026l";

    private static final Size USUAL = new Size(100, 30);
    private static final File TERMINAL = new File("/dev/tty");

    private final PrintStream out;
    private final Runnable onResize;
    private final String lineSettings;
    private volatile Size size;
    private boolean closed;

    /** Columns and rows. */
    record Size(int width, int height) {}

    /**
     * Takes the terminal over.
     *
     * @param onResize called when the terminal has another size
     */
    FullScreen(PrintStream out, Runnable onResize) {
        this.out = out;
        this.onResize = onResize;
        this.lineSettings = stty("-g");
        this.size = measure();
        Signal.handle(new Signal("WINCH"), _ -> resized());
        // keys are read one by one and not shown
        stty("-icanon", "-echo");
        out.print(ENTER);
        out.flush();
    }

    private void resized() {
        size = measure();
        onResize.run();
    }

    Size size() {
        return size;
    }

    /** Shows lines, as many as there is room for. */
    synchronized void show(List<String> lines) {
        if (closed) {
            return;
        }
        int room = size.height();
        StringBuilder frame = new StringBuilder(BEGIN_FRAME);
        boolean all = lines.size() <= room;
        List<String> shown = all ? lines : lines.subList(0, Math.max(0, room - 1));
        for (int i = 0; i < shown.size(); i++) {
            frame.append(i == 0 ? "" : "\r\n").append(shown.get(i)).append(END_OF_LINE);
        }
        if (!all) {
            frame.append("\r\n... ")
                    .append(lines.size() - shown.size())
                    .append(" more lines")
                    .append(END_OF_LINE);
        }
        out.print(frame.append(END_FRAME));
        out.flush();
    }

    /** Gives the terminal back as it was. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            out.print(LEAVE);
            out.flush();
            if (!lineSettings.isEmpty()) {
                stty(lineSettings);
            }
        }
    }

    private static Size measure() {
        String[] words = stty("size").split(" ");
        if (words.length == 2 && words[0].matches("[1-9]\\d{0,4}") && words[1].matches("[1-9]\\d{0,4}")) {
            return new Size(Integer.parseInt(words[1]), Integer.parseInt(words[0]));
        }
        return USUAL;
    }

    /** What {@code stty} says of this terminal; nothing where there is none. */
    private static String stty(String... arguments) {
        try {
            List<String> command = new ArrayList<>(List.of("stty"));
            command.addAll(List.of(arguments));
            Process process = new ProcessBuilder(command)
                    .redirectInput(TERMINAL)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
            return process.waitFor(1, TimeUnit.SECONDS) && process.exitValue() == 0 ? said : "";
        } catch (IOException e) {
            return "";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "";
        }
    }
}
