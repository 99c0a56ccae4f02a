package io.yuebing.cli.top;

import io.yuebing.cli.OperationFailed;
import io.yuebing.cli.Terminal;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.time.Duration;
import java.time.LocalTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Shows a running cluster, once or until somebody has seen enough. */
public final class Top {
    private static final DateTimeFormatter CLOCK = DateTimeFormatter.ofPattern("HH:mm:ss", Locale.ROOT);
    private static final Duration LONGEST_PATIENCE = Duration.ofSeconds(2);

    private final URI gateway;
    private final Duration interval;
    private final Terminal terminal;
    private final PrintStream out;

    /** @param interval between two frames; rates are those of this time */
    public Top(URI gateway, Duration interval, Terminal terminal, PrintStream out) {
        this.gateway = gateway;
        this.interval = interval;
        this.terminal = terminal;
        this.out = out;
    }

    /**
     * Prints one frame, after an interval.
     *
     * @throws OperationFailed if the gateway does not answer
     */
    public void once() throws InterruptedException {
        try (Watch watch = watch()) {
            Reading before = reached(watch.read());
            Thread.sleep(interval);
            Reading now = reached(watch.read());
            new Frame(terminal)
                    .lines(View.of(before, now), gateway.toString(), clock(), terminal.width())
                    .forEach(out::println);
            out.flush();
        }
    }

    private static Reading reached(Reading reading) {
        reading.failure().ifPresent(why -> {
            throw new OperationFailed(
                    why + "; give the address of a gateway with --gateway, or start one: ./yuebing up");
        });
        return reading;
    }

    /** Draws frames until the key q is pressed; the screen is given back also when the process is told to end. */
    public void live() throws InterruptedException {
        BlockingQueue<Event> events = new LinkedBlockingQueue<>();
        try (Watch watch = watch();
                FullScreen screen = new FullScreen(out, () -> events.add(Event.RESIZED))) {
            Runtime.getRuntime().addShutdownHook(new Thread(screen::close));
            Thread.ofPlatform().daemon().name("keys").start(() -> awaitQuit(events));
            screen.show(List.of("yuebing top  asks " + gateway));
            Reading before = watch.read();
            Reading now = before;
            Optional<Event> event = Optional.empty();
            while (event.isEmpty() || event.get() != Event.QUIT) {
                draw(screen, before, now);
                event = Optional.ofNullable(events.poll(interval.toMillis(), TimeUnit.MILLISECONDS));
                if (event.isEmpty()) {
                    before = now;
                    now = watch.read();
                }
            }
        }
    }

    /** Why a frame is drawn before it is time. */
    private enum Event {
        RESIZED,
        QUIT
    }

    private void draw(FullScreen screen, Reading before, Reading now) {
        screen.show(new Frame(terminal)
                .lines(
                        View.of(before, now),
                        gateway.toString(),
                        clock(),
                        screen.size().width()));
    }

    private static void awaitQuit(BlockingQueue<Event> events) {
        try {
            int key = System.in.read();
            while (key >= 0 && key != 'q') {
                key = System.in.read();
            }
        } catch (IOException _) {
            // the terminal is gone, and with it whoever looked
        }
        events.add(Event.QUIT);
    }

    private Watch watch() {
        return new Watch(gateway, interval.compareTo(LONGEST_PATIENCE) < 0 ? interval : LONGEST_PATIENCE);
    }

    private static String clock() {
        return LocalTime.now().format(CLOCK);
    }
}
