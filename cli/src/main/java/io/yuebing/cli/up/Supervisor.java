package io.yuebing.cli.up;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a set of processes running until it is closed.
 *
 * <p>All start at once. One that dies is started again after a growing wait. One that says with exit code 2, before it
 * was ever ready, that its user made a mistake is not: then {@link #awaitReady} returns that code.
 */
public final class Supervisor implements AutoCloseable {
    private static final int USER_ERROR = 2;
    private static final Duration PROBE_INTERVAL = Duration.ofMillis(50);
    private static final Duration PATIENCE_AT_END = Duration.ofSeconds(2);

    private final List<Child> children = new ArrayList<>();
    private final UpListener listener;
    private final Backoff backoff;
    private final CountDownLatch settled = new CountDownLatch(1);
    private final CountDownLatch closing = new CountDownLatch(1);
    private int notReady;
    private @Nullable Integer hopeless;

    private Supervisor(List<ChildSpec> specs, UpListener listener, Backoff backoff) {
        this.listener = listener;
        this.backoff = backoff;
        this.notReady = specs.size();
        specs.forEach(spec -> children.add(new Child(spec)));
    }

    /** Starts all processes; the first in the list is the first to be stopped. */
    public static Supervisor start(List<ChildSpec> specs, UpListener listener, Backoff backoff) {
        Supervisor supervisor = new Supervisor(specs, listener, backoff);
        for (Child child : supervisor.children) {
            Thread.ofPlatform().daemon().name("keep-" + child.spec.name()).start(child::keepRunning);
        }
        return supervisor;
    }

    /**
     * Waits until every process has been ready once.
     *
     * @return empty when all are ready or the supervisor was closed; otherwise the exit code of the hopeless process
     */
    public Optional<Integer> awaitReady() throws InterruptedException {
        settled.await();
        synchronized (this) {
            return Optional.ofNullable(hopeless);
        }
    }

    /** Stops the processes in order, each by SIGTERM first and by force after two seconds. */
    @Override
    public void close() {
        closing.countDown();
        settled.countDown();
        children.forEach(Child::stop);
    }

    private synchronized void firstReady() {
        notReady--;
        if (notReady == 0) {
            settled.countDown();
        }
    }

    private synchronized void giveUp(int exitCode) {
        if (hopeless == null) {
            hopeless = exitCode;
        }
        settled.countDown();
    }

    private boolean isClosing() {
        return closing.getCount() == 0;
    }

    /** One process and its successors. */
    private final class Child {
        private final ChildSpec spec;
        private @Nullable Process process;
        private boolean everReady;

        Child(ChildSpec spec) {
            this.spec = spec;
        }

        /** Runs until the supervisor closes, or the child proves hopeless. */
        void keepRunning() {
            int failures = 0;
            try {
                while (true) {
                    Process running = launch();
                    if (running == null) {
                        return;
                    }
                    boolean becameReady = watchUntilReady(running);
                    int exitCode = running.waitFor();
                    if (isClosing()) {
                        return;
                    }
                    if (exitCode == USER_ERROR && !everReady) {
                        giveUp(exitCode);
                        return;
                    }
                    failures = becameReady ? 1 : failures + 1;
                    Duration delay = backoff.delay(failures);
                    listener.died(spec.name(), exitCode, delay);
                    if (closing.await(delay.toMillis(), TimeUnit.MILLISECONDS)) {
                        return;
                    }
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (IOException e) {
                listener.output(spec.name(), "cannot be started: " + e.getMessage());
                giveUp(1);
            }
        }

        /** Starts the process, unless the supervisor closes; {@link #stop} sees every process that is started. */
        private @Nullable Process launch() throws IOException {
            synchronized (this) {
                if (isClosing()) {
                    return null;
                }
                listener.starting(spec.name());
                process = new ProcessBuilder(spec.command())
                        .redirectErrorStream(true)
                        .start();
            }
            Process started = process;
            Thread.ofPlatform().daemon().name("output-" + spec.name()).start(() -> passOn(started));
            return started;
        }

        private void passOn(Process source) {
            try (BufferedReader lines = source.inputReader(StandardCharsets.UTF_8)) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    listener.output(spec.name(), line);
                }
            } catch (IOException e) {
                if (source.isAlive()) {
                    listener.output(spec.name(), "its output cannot be read any more: " + e.getMessage());
                }
            }
        }

        private boolean watchUntilReady(Process running) throws InterruptedException {
            long began = System.nanoTime();
            while (running.isAlive() && !isClosing()) {
                if (spec.probe().ready()) {
                    listener.ready(spec.name(), spec.address(), Duration.ofNanos(System.nanoTime() - began));
                    if (!everReady) {
                        everReady = true;
                        firstReady();
                    }
                    return true;
                }
                if (closing.await(PROBE_INTERVAL.toMillis(), TimeUnit.MILLISECONDS)) {
                    return false;
                }
            }
            return false;
        }

        void stop() {
            Process running;
            synchronized (this) {
                running = process;
            }
            if (running == null || !running.isAlive()) {
                return;
            }
            running.destroy();
            try {
                if (!running.waitFor(PATIENCE_AT_END.toMillis(), TimeUnit.MILLISECONDS)) {
                    running.destroyForcibly().waitFor();
                }
                listener.stopped(spec.name());
            } catch (InterruptedException e) {
                running.destroyForcibly();
                Thread.currentThread().interrupt();
            }
        }
    }
}
