package io.yuebing.cli.up;

import java.time.Duration;

/** Told what happens to the processes of {@code up}; called from several threads. */
public interface UpListener {
    void starting(String child);

    /** The child answers; {@code took} is since its start. */
    void ready(String child, String address, Duration took);

    /** The child ended by itself and is started again after {@code delay}. */
    void died(String child, int exitCode, Duration delay);

    /** A line that the child wrote. */
    void output(String child, String line);

    /** The child ended because it was asked to. */
    void stopped(String child);
}
