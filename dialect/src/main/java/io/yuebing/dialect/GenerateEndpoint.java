package io.yuebing.dialect;

import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.Generator;
import io.yuebing.api.ServiceException;
import io.yuebing.api.TokenStream;
import java.time.Duration;
import java.util.List;

/**
 * Token-level generation for other processes of the same system: {@code POST /yuebing/v1/generate}.
 *
 * <p>The body is a {@link GenerateRequest}, the answer one {@link GenerateEvent} per line ({@link WireFormat}), each
 * flushed at once. While there is no event an empty line goes out every half second, so that each side notices soon
 * when the other dies. A failure before the first line has its own HTTP status, a later one is a last line
 * {@code {"error":{}}}. Closing the connection cancels the generation.
 */
public final class GenerateEndpoint {
    /** Where it is found. */
    public static final String PATH = "/yuebing/v1/generate";

    /** Pause between two empty lines. */
    static final Duration HEARTBEAT = Duration.ofMillis(500);

    private final Generator generator;

    public GenerateEndpoint(Generator generator) {
        this.generator = generator;
    }

    /** Adds the route. */
    public void addTo(ApiRoutes routes) {
        routes.post(PATH, this::generate);
    }

    private void generate(ApiExchange exchange) throws Exception {
        GenerateRequest request = WireFormat.request(exchange.jsonBody());
        exchange.note("request", request.requestId());
        exchange.watchClient();
        try (Feed<GenerateEvent> feed = Feed.start(request.requestId(), List.of(sink -> produce(request, sink)))) {
            new StreamedAnswer<>(exchange, HEARTBEAT, new Lines(exchange)).write(feed);
        }
    }

    private void produce(GenerateRequest request, Feed.Sink<GenerateEvent> sink) throws InterruptedException {
        try (TokenStream stream = generator.generate(request)) {
            GenerateEvent event;
            do {
                event = stream.next();
                sink.put(event);
            } while (!(event instanceof GenerateEvent.Finished));
        }
    }

    /** Newline-delimited JSON. */
    private record Lines(ApiExchange exchange) implements StreamedAnswer.Frames<GenerateEvent> {
        @Override
        public String contentType() {
            return "application/x-ndjson";
        }

        @Override
        public boolean write(GenerateEvent event, ResponsePieces out) {
            out.line(WireFormat.event(event));
            if (event instanceof GenerateEvent.Finished finished) {
                exchange.note("finish", finished.reason().wireName());
                return false;
            }
            return true;
        }

        @Override
        public void heartbeat(ResponsePieces out) {
            out.blankLine();
        }

        @Override
        public void failure(ServiceException failure, ResponsePieces out) {
            out.line(ErrorBody.of(failure));
        }

        @Override
        public void end(ResponsePieces out) {
            // the last event has said it
        }
    }
}
