package io.yuebing.cli.hub;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/** Closes a stream that has been silent too long, so that the thread that reads it gets an exception. */
final class StallGuard implements AutoCloseable {
    private final Thread watcher;
    private volatile long lastSign = System.nanoTime();

    private StallGuard(InputStream body, Duration patience) {
        this.watcher = Thread.ofVirtual().name("stall-guard").unstarted(() -> watch(body, patience));
    }

    static StallGuard start(InputStream body, Duration patience) {
        StallGuard guard = new StallGuard(body, patience);
        guard.watcher.start();
        return guard;
    }

    /** Bytes have arrived. */
    void alive() {
        lastSign = System.nanoTime();
    }

    private void watch(InputStream body, Duration patience) {
        try {
            long left = patience.toNanos();
            while (left > 0) {
                Thread.sleep(Duration.ofNanos(left));
                left = lastSign + patience.toNanos() - System.nanoTime();
            }
            body.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        watcher.interrupt();
    }
}
