package io.yuebing.e2e;

import java.time.Duration;
import java.util.concurrent.Callable;

/** Waits for what another thread or process will bring about, as short as possible and not for ever. */
final class Eventually {
    private static final Duration POLL = Duration.ofMillis(20);

    private Eventually() {}

    /** Returns when {@code condition} holds; fails with {@code what} when it does not in time. */
    static void holds(String what, Duration within, Callable<Boolean> condition) throws InterruptedException {
        long deadline = System.nanoTime() + within.toNanos();
        Object last = "never true";
        while (System.nanoTime() < deadline) {
            try {
                if (condition.call()) {
                    return;
                }
            } catch (InterruptedException e) {
                throw e;
            } catch (Exception e) {
                last = e;
            }
            Thread.sleep(POLL);
        }
        throw new AssertionError("expected within " + within.toMillis() + " ms: " + what + " (" + last + ")");
    }
}
