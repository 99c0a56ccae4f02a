package io.yuebing.engine;

import io.yuebing.api.GenerateEvent;
import io.yuebing.api.ServiceException;
import io.yuebing.api.TokenStream;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Carries one sequence's events from the engine's thread to its reader.
 *
 * <p>Writing never waits. What a slow reader leaves lying is bounded by the sequence's own length.
 */
final class SequenceStream implements TokenStream {
    private final Deque<GenerateEvent> events = new ArrayDeque<>();
    private final Runnable cancel;
    /** Comes after all events. */
    private @Nullable ServiceException failure;
    /** Set by the engine with the last entry. */
    private volatile boolean complete;
    /** Set by the reader with the last entry. */
    private boolean readToEnd;

    /** @param cancel called when the reader leaves before the end */
    SequenceStream(Runnable cancel) {
        this.cancel = cancel;
    }

    synchronized void publish(GenerateEvent event) {
        events.addLast(event);
        notifyAll();
    }

    void finish(GenerateEvent.Finished event) {
        complete = true;
        publish(event);
    }

    synchronized void fail(ServiceException cause) {
        complete = true;
        failure = cause;
        notifyAll();
    }

    @Override
    public synchronized GenerateEvent next() throws InterruptedException {
        if (readToEnd) {
            throw new IllegalStateException("the stream has ended");
        }
        while (events.isEmpty() && failure == null) {
            wait();
        }
        GenerateEvent event = events.pollFirst();
        readToEnd = event == null || event instanceof GenerateEvent.Finished;
        if (event == null) {
            throw Objects.requireNonNull(failure);
        }
        return event;
    }

    @Override
    public void close() {
        if (!complete) {
            cancel.run();
        }
    }
}
