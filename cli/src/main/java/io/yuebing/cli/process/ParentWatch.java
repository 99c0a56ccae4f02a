package io.yuebing.cli.process;

import java.io.IOException;

/**
 * Ends this process when its parent is gone, however that died.
 *
 * <p>The parent holds the other end of standard input and never writes to it; the operating system closes it with the
 * parent, also after {@code kill -9}.
 */
public final class ParentWatch {
    private ParentWatch() {}

    /** Starts to watch on a daemon thread. */
    public static void start() {
        Thread.ofPlatform().daemon().name("parent-watch").start(() -> {
            waitForEnd();
            Runtime.getRuntime().halt(1);
        });
    }

    private static void waitForEnd() {
        try {
            while (System.in.read() >= 0) {
                // Nobody writes here on purpose; only the end counts.
            }
        } catch (IOException e) {
            System.err.println("standard input broke, so the parent is gone: " + e.getMessage());
        }
    }
}
