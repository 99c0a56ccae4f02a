package io.yuebing.dialect;

import io.yuebing.api.Generator;
import io.yuebing.api.ServiceException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import tools.jackson.databind.node.ObjectNode;

/** Runs the sequences of one request and writes its answer, whole or as server-sent events. */
final class Answering {
    private final ApiExchange exchange;
    private final AnswerShape shape;
    private final Ask ask;
    private final Usage usage;
    private final Duration heartbeat;
    private final Set<String> finishReasons = new TreeSet<>();
    private int running;

    Answering(ApiExchange exchange, AnswerShape shape, Duration heartbeat) {
        this.exchange = exchange;
        this.shape = shape;
        this.ask = shape.ask();
        this.usage =
                new Usage(ask.promptTokens(), ask.format().reading().reasoning().isPresent());
        this.heartbeat = heartbeat;
        this.running = ask.sequences().size();
    }

    void answer(ServedModel model, Generator generator, SurfaceMetrics metrics) throws Exception {
        List<ChoiceRun> runs = ask.sequences().stream()
                .map(sequence -> new ChoiceRun(sequence, ask.format(), model, generator, metrics))
                .toList();
        exchange.watchClient();
        exchange.note("prompt", usage.promptTokens());
        try (Feed<ChoiceEvent> feed = Feed.start(ask.id() + "-", runs)) {
            if (ask.delivery().stream()) {
                new StreamedAnswer<>(exchange, heartbeat, new Events()).write(feed);
            } else {
                whole(feed);
            }
        } finally {
            exchange.note("output", usage.completionTokens());
            usage.firstTokenMillis().ifPresent(millis -> exchange.note("ttft_ms", millis));
            if (!finishReasons.isEmpty()) {
                exchange.note("finish", String.join(",", finishReasons));
            }
        }
    }

    private void whole(Feed<ChoiceEvent> feed) throws Exception {
        List<FinishedChoice> choices =
                Stream.generate(FinishedChoice::new).limit(running).toList();
        while (running > 0) {
            ChoiceEvent event = StreamedAnswer.next(feed, exchange, StreamedAnswer.GLANCE);
            if (event != null) {
                count(event);
                choices.get(event.sequence().index()).add(event);
            }
        }
        exchange.send(200, shape.whole(ask.best().of(choices), usage));
    }

    private void count(ChoiceEvent event) {
        usage.add(event);
        if (event instanceof ChoiceEvent.Ended ended) {
            running--;
            finishReasons.add(AnswerShape.finishReason(ended));
        }
    }

    /** The events of an OpenAI stream, several choices interleaved by their index. */
    private final class Events implements StreamedAnswer.Frames<ChoiceEvent> {
        @Override
        public String contentType() {
            return "text/event-stream; charset=utf-8";
        }

        @Override
        public boolean write(ChoiceEvent event, ResponsePieces out) {
            count(event);
            switch (event) {
                case ChoiceEvent.Started started ->
                    shape.opening(started).ifPresent(chunk -> out.event(counted(chunk)));
                case ChoiceEvent.Delta delta -> shape.deltas(delta).forEach(chunk -> out.event(counted(chunk)));
                case ChoiceEvent.Ended ended -> out.event(counted(shape.closing(ended)));
            }
            if (running == 0 && ask.delivery().includeUsage()) {
                out.event(shape.empty().set("usage", usage.json()));
            }
            return running > 0;
        }

        @Override
        public void heartbeat(ResponsePieces out) {
            out.comment();
        }

        @Override
        public void failure(ServiceException failure, ResponsePieces out) {
            out.event(ErrorBody.of(failure));
        }

        @Override
        public void end(ResponsePieces out) {
            out.done();
        }

        private ObjectNode counted(ObjectNode chunk) {
            if (ask.delivery().continuousUsage()) {
                chunk.set("usage", usage.json());
            }
            return chunk;
        }
    }
}
