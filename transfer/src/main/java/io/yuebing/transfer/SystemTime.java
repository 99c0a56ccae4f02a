package io.yuebing.transfer;

import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The clock of the machine. */
final class SystemTime implements TimeSource {
    static final SystemTime INSTANCE = new SystemTime();

    private static final Logger log = LoggerFactory.getLogger(SystemTime.class);

    private SystemTime() {}

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    @Override
    public long currentTimeMillis() {
        return System.currentTimeMillis();
    }

    @Override
    public Beat every(Duration period, String name, Runnable task) {
        Thread thread = Thread.ofVirtual().name(name).start(() -> {
            while (!Thread.currentThread().isInterrupted()) {
                try {
                    Thread.sleep(period);
                    task.run();
                } catch (InterruptedException e) {
                    return;
                } catch (RuntimeException e) {
                    // deadlines of everybody hang on this thread: it outlives a failing check
                    log.error("{} failed, goes on: {}", name, e, e);
                }
            }
        });
        return thread::interrupt;
    }
}
