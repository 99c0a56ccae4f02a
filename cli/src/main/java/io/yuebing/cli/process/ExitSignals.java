package io.yuebing.cli.process;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/** The wish of a person or a supervisor that this process ends. */
public final class ExitSignals {
    /** Exit code after Ctrl-C, as shells count: 128 + SIGINT. */
    public static final int INTERRUPTED = 130;
    /** Exit code after SIGTERM. */
    public static final int TERMINATED = 143;

    private final CountDownLatch asked = new CountDownLatch(1);
    private final AtomicInteger exitCode = new AtomicInteger();
    private volatile boolean starting;

    private ExitSignals() {}

    /** While a server starts there is nothing to finish: a wish ends the process at once, until {@link #serving}. */
    public ExitSignals whileStarting() {
        starting = true;
        return this;
    }

    /** From now on somebody waits for the wish and ends what runs in order. */
    public void serving() {
        starting = false;
    }

    /** Catches SIGINT and SIGTERM from now on; the second one ends the process at once. */
    public static ExitSignals install() {
        ExitSignals signals = new ExitSignals();
        onInterrupt(() -> signals.ask(INTERRUPTED));
        return signals.heedTermination();
    }

    /** Catches SIGTERM only: for a process whose Ctrl-C is ignored. */
    public static ExitSignals installForChild() {
        return new ExitSignals().heedTermination();
    }

    /**
     * Ignores Ctrl-C from now on.
     *
     * <p>A terminal sends it to a whole group of processes; the children of {@code up} leave it to their parent to stop
     * them in order.
     */
    public static void ignoreInterrupt() {
        Signal.handle(new Signal("INT"), SignalHandler.SIG_IGN);
    }

    private ExitSignals heedTermination() {
        Signal.handle(new Signal("TERM"), signal -> ask(TERMINATED));
        return this;
    }

    /** Runs something instead of ending the process at every Ctrl-C. */
    public static void onInterrupt(Runnable action) {
        Signal.handle(new Signal("INT"), signal -> action.run());
    }

    /** Asks for the end from within; later wishes change nothing but speed. */
    public void ask(int code) {
        if (!exitCode.compareAndSet(0, code) || starting) {
            Runtime.getRuntime().halt(code);
        }
        asked.countDown();
    }

    /** Asks for the end from within, unless somebody has done so already. */
    public void askOnce(int code) {
        if (exitCode.compareAndSet(0, code)) {
            asked.countDown();
        }
    }

    /** Waits for the wish and returns the exit code that fits it. */
    public int await() throws InterruptedException {
        asked.await();
        return exitCode.get();
    }

    public boolean asked() {
        return asked.getCount() == 0;
    }
}
