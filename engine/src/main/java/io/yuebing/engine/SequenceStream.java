package io.yuebing.engine;

import io.yuebing.api.GenerateEvent;
import io.yuebing.api.ServiceException;
import io.yuebing.api.TokenStream;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Carries one sequence's events from the engine's thread to its reader.
 *
 * <p>Writing never waits. What a slow reader leaves lying is bounded by the sequence's own length.
 */
final class SequenceStream implements TokenStream {
    private sealed interface Entry {
        record Event(GenerateEvent event) implements Entry {}

        record Failure(ServiceException cause) implements Entry {}
    }

    private final BlockingQueue<Entry> entries = new LinkedBlockingQueue<>();
    private final Runnable cancel;
    /** Set by the engine with the last entry. */
    private volatile boolean complete;
    /** Set by the reader with the last entry. */
    private boolean readToEnd;

    /** @param cancel called when the reader leaves before the end */
    SequenceStream(Runnable cancel) {
        this.cancel = cancel;
    }

    void publish(GenerateEvent event) {
        entries.add(new Entry.Event(event));
    }

    void finish(GenerateEvent.Finished event) {
        complete = true;
        publish(event);
    }

    void fail(ServiceException cause) {
        complete = true;
        entries.add(new Entry.Failure(cause));
    }

    @Override
    public GenerateEvent next() throws InterruptedException {
        if (readToEnd) {
            throw new IllegalStateException("the stream has ended");
        }
        return switch (entries.take()) {
            case Entry.Event(GenerateEvent event) -> {
                readToEnd = event instanceof GenerateEvent.Finished;
                yield event;
            }
            case Entry.Failure(ServiceException cause) -> {
                readToEnd = true;
                throw cause;
            }
        };
    }

    @Override
    public void close() {
        if (!complete) {
            cancel.run();
        }
    }
}
