package io.yuebing.transfer;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/** Time that moves only when a test says so; every move is also a beat. */
public final class ManualTime implements TimeSource {
    private final AtomicLong nanos = new AtomicLong();
    private final List<Runnable> tasks = new CopyOnWriteArrayList<>();

    @Override
    public long nanoTime() {
        return nanos.get();
    }

    @Override
    public long currentTimeMillis() {
        return 1_700_000_000_000L + nanos.get() / 1_000_000;
    }

    @Override
    public Beat every(Duration period, String name, Runnable task) {
        tasks.add(task);
        return () -> tasks.remove(task);
    }

    public void advance(Duration by) {
        nanos.addAndGet(by.toNanos());
        tasks.forEach(Runnable::run);
    }
}
