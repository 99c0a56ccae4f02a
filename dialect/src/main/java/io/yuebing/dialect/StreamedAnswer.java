package io.yuebing.dialect;

import io.yuebing.api.ServiceException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Writes what a {@link Feed} delivers as an answer in pieces.
 *
 * <p>The answer begins with the first item, so that a failure before it still has an HTTP status of its own; or with the
 * first heartbeat, if that is earlier. A failure after the beginning is told inside the answer. A client that has gone
 * away is noticed within {@link #GLANCE}.
 */
final class StreamedAnswer<T> {
    /** How soon a client that went away is noticed while nothing is written. */
    static final Duration GLANCE = Duration.ofMillis(200);

    private final ApiExchange exchange;
    private final Duration heartbeat;
    private final Frames<T> frames;
    private @Nullable ResponsePieces out;
    private long lastWrite = System.nanoTime();

    /** How items look on the wire. */
    interface Frames<T> {
        String contentType();

        /** Writes one item and says whether more will follow. */
        boolean write(T item, ResponsePieces out);

        void heartbeat(ResponsePieces out);

        void failure(ServiceException failure, ResponsePieces out);

        /** Ends the answer, complete or not. */
        void end(ResponsePieces out);
    }

    StreamedAnswer(ApiExchange exchange, Duration heartbeat, Frames<T> frames) {
        this.exchange = exchange;
        this.heartbeat = heartbeat;
        this.frames = frames;
    }

    void write(Feed<T> feed) throws Exception {
        try {
            boolean more = true;
            while (more) {
                more = step(feed);
            }
        } catch (ClientGoneException e) {
            throw e;
        } catch (Exception e) {
            if (out == null) {
                throw e;
            }
            ServiceException told = e instanceof ServiceException known ? known : ApiRoutes.unexpected(exchange, e);
            exchange.note("error", '"' + told.getMessage() + '"');
            frames.failure(told, out);
        }
        ResponsePieces last = begun();
        frames.end(last);
        last.close();
    }

    private boolean step(Feed<T> feed) throws Exception {
        T item = next(feed, exchange, heartbeat.compareTo(GLANCE) < 0 ? heartbeat : GLANCE);
        if (item != null) {
            boolean more = frames.write(item, begun());
            lastWrite = System.nanoTime();
            return more;
        }
        if (System.nanoTime() - lastWrite >= heartbeat.toNanos()) {
            frames.heartbeat(begun());
            lastWrite = System.nanoTime();
        }
        return true;
    }

    /** The next item, or null if none came in time. */
    static <T> @Nullable T next(Feed<T> feed, ApiExchange exchange, Duration patience) throws Exception {
        T item = feed.next(patience);
        if (exchange.clientGone()) {
            throw new ClientGoneException(null);
        }
        return item;
    }

    private ResponsePieces begun() {
        if (out == null) {
            out = exchange.stream(frames.contentType());
        }
        return out;
    }
}
