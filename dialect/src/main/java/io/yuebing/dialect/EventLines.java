package io.yuebing.dialect;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Lines of an HTTP answer as they arrive.
 *
 * <p>The next piece is asked for only when all lines of the last one have been taken, so a slow reader slows down the
 * peer.
 */
final class EventLines implements Flow.Subscriber<List<ByteBuffer>> {
    /** What a reader takes: a line, that something arrived, or the end. */
    sealed interface Arrival {}

    /** One line without its line feed; empty for a heartbeat. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Line(byte[] bytes) implements Arrival {}

    /** The answer is over; {@code failure} tells why if it broke off. */
    record End(@Nullable Throwable failure) implements Arrival {}

    /** All of a piece has been taken. */
    private record PieceTaken() implements Arrival {}

    private final LinkedBlockingQueue<Arrival> arrivals = new LinkedBlockingQueue<>();
    private final ByteArrayOutputStream line = new ByteArrayOutputStream(256);
    private final AtomicReference<Flow.@Nullable Subscription> subscription = new AtomicReference<>();

    @Override
    public void onSubscribe(Flow.Subscription given) {
        subscription.set(given);
        given.request(1);
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
        for (ByteBuffer buffer : buffers) {
            while (buffer.hasRemaining()) {
                byte b = buffer.get();
                if (b == '\n') {
                    arrivals.add(new Line(line.toByteArray()));
                    line.reset();
                } else {
                    line.write(b);
                }
            }
        }
        arrivals.add(new PieceTaken());
    }

    @Override
    public void onError(Throwable failure) {
        arrivals.add(new End(failure));
    }

    @Override
    public void onComplete() {
        if (line.size() > 0) {
            arrivals.add(new Line(line.toByteArray()));
        }
        arrivals.add(new End(null));
    }

    /** The next line or the end, or null if nothing at all arrives in time. */
    @Nullable
    Arrival next(long patienceNanos) throws InterruptedException {
        Arrival arrival = arrivals.poll(patienceNanos, TimeUnit.NANOSECONDS);
        while (arrival instanceof PieceTaken) {
            requestMore(1);
            arrival = arrivals.poll(patienceNanos, TimeUnit.NANOSECONDS);
        }
        return arrival;
    }

    /** Lets the rest of the answer pass unread, so that its connection can be used again. */
    void drain() {
        requestMore(Long.MAX_VALUE);
    }

    /** Closes the connection. */
    void cancel() {
        Flow.Subscription current = subscription.get();
        if (current != null) {
            current.cancel();
        }
    }

    private void requestMore(long pieces) {
        Flow.Subscription current = subscription.get();
        if (current != null) {
            current.request(pieces);
        }
    }
}
