package io.yuebing.transfer;

import java.time.Duration;

/** The time with a beat, passed in so that tests decide both. */
public interface TimeSource {

    /** Monotonic nanoseconds, as {@link System#nanoTime()}. */
    long nanoTime();

    /** Wall-clock milliseconds since the epoch. */
    long currentTimeMillis();

    /** Runs {@code task} every {@code period} until the returned handle is closed. */
    Beat every(Duration period, String name, Runnable task);

    /** The clock of the machine; each beat is a virtual thread of its own. */
    static TimeSource system() {
        return SystemTime.INSTANCE;
    }

    /** A task that runs again and again until it is closed. */
    interface Beat extends AutoCloseable {
        @Override
        void close();
    }
}
