package io.yuebing.dialect;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Items that several producers make, each on its own virtual thread, and one consumer takes in order of arrival.
 *
 * <p>The consumer can wait with a time limit, which a {@link io.yuebing.api.TokenStream} cannot. Closing interrupts the
 * producers and waits for them, so what they hold is given back before the request ends.
 */
final class Feed<T> implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Feed.class);

    /** Few: a client that reads slowly must slow down its producers rather than fill memory. */
    private static final int CAPACITY = 64;

    private static final Duration LONGEST_FAREWELL = Duration.ofSeconds(10);

    private final BlockingQueue<Entry<T>> entries = new ArrayBlockingQueue<>(CAPACITY);
    private final List<Thread> threads = new ArrayList<>();

    /** Where a producer puts what it makes; waits while the consumer lags behind. */
    @FunctionalInterface
    interface Sink<T> {
        void put(T item) throws InterruptedException;
    }

    /** Makes items until it returns, fails, or is interrupted. */
    @FunctionalInterface
    interface Producer<T> {
        void run(Sink<T> sink) throws Exception;
    }

    private record Entry<T>(@Nullable T item, @Nullable Exception failure) {}

    static <T> Feed<T> start(String name, List<? extends Producer<T>> producers) {
        Feed<T> feed = new Feed<>();
        for (Producer<T> producer : producers) {
            feed.threads.add(Thread.ofVirtual().name(name, feed.threads.size()).start(() -> feed.produce(producer)));
        }
        return feed;
    }

    private void produce(Producer<T> producer) {
        try {
            producer.run(item -> entries.put(new Entry<>(item, null)));
        } catch (InterruptedException closed) {
            // the consumer has left
        } catch (Exception e) {
            try {
                entries.put(new Entry<>(null, e));
            } catch (InterruptedException closed) {
                // the consumer has left
            }
        }
    }

    /**
     * The next item, or null if none came in time.
     *
     * @throws Exception what a producer failed with
     */
    @Nullable
    T next(Duration patience) throws Exception {
        Entry<T> entry = entries.poll(patience.toNanos(), TimeUnit.NANOSECONDS);
        if (entry == null) {
            return null;
        }
        if (entry.failure() != null) {
            throw entry.failure();
        }
        return entry.item();
    }

    @Override
    public void close() {
        threads.forEach(Thread::interrupt);
        long deadline = System.nanoTime() + LONGEST_FAREWELL.toNanos();
        for (Thread thread : threads) {
            try {
                if (!thread.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())))) {
                    LOG.error("{} did not stop within {} s of being cancelled", thread, LONGEST_FAREWELL.toSeconds());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }
}
