package io.yuebing.dialect;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.FinishReason;
import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.Generator;
import io.yuebing.api.ServiceException;
import io.yuebing.api.TokenStream;
import java.security.SecureRandom;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * The OpenAI HTTP surface with vLLM's extensions over any {@link Generator}.
 *
 * <p>It reads a request into sequences with concrete seeds, runs them side by side, makes text of their tokens, and
 * writes the answer whole or as a stream. A client that goes away cancels all of it.
 */
public final class OpenAiSurface {
    private final Supplier<Optional<ServedModel>> model;
    private final Generator generator;
    private final Readiness readiness;
    private final SurfaceMetrics metrics;
    private final SurfaceOptions options;
    private final LongSupplier randomSeeds;
    private final UnknownFields unknownFields = new UnknownFields();
    private volatile @Nullable Parsing parsing;

    private record Parsing(ServedModel model, OutputParsers parsers) {}

    /**
     * @param model what is served; empty while it is not known yet
     * @param generator what answers
     * @param readiness asked by {@code /health} only: a request may be served worse than planned, which the generator
     *     decides
     */
    public OpenAiSurface(
            Supplier<Optional<ServedModel>> model,
            Generator generator,
            Readiness readiness,
            SurfaceMetrics metrics,
            SurfaceOptions options) {
        this(model, generator, readiness, metrics, options, new SecureRandom()::nextLong);
    }

    /** @param randomSeeds seeds of requests that bring none; called by many threads */
    public OpenAiSurface(
            Supplier<Optional<ServedModel>> model,
            Generator generator,
            Readiness readiness,
            SurfaceMetrics metrics,
            SurfaceOptions options,
            LongSupplier randomSeeds) {
        this.model = model;
        this.generator = generator;
        this.readiness = readiness;
        this.metrics = metrics;
        this.options = options;
        this.randomSeeds = randomSeeds;
    }

    /** Adds every route of the surface. */
    public void addTo(ApiRoutes routes) {
        TokenizeEndpoint tokenize = new TokenizeEndpoint(this::requireModel, options, unknownFields);
        routes.post("/v1/completions", this::completions)
                .post("/v1/chat/completions", this::chat)
                .get("/v1/models", exchange -> exchange.send(200, models()))
                .get("/v1/models/{+id}", exchange -> exchange.send(200, model(exchange.pathParameter("id"))))
                .post("/tokenize", tokenize::tokenize)
                .post("/detokenize", tokenize::detokenize)
                .get("/health", this::health)
                .get("/ping", this::health)
                .post("/ping", this::health)
                .get("/version", exchange -> exchange.send(200, Json.object().put("version", options.version())))
                .get(
                        "/load",
                        exchange -> exchange.send(200, Json.object().put("server_load", metrics.generationsInFlight())))
                .get("/metrics", exchange -> exchange.send(200, SurfaceMetrics.CONTENT_TYPE, metrics.exposition()));
    }

    private void completions(ApiExchange exchange) throws Exception {
        ObjectNode body = exchange.jsonBody();
        ServedModel served = requireModel();
        Ask ask = new CompletionReader(reader(served)).read(body, exchange);
        boolean onlyEcho = ask.format().echo()
                && ask.format().logprobs() < 0
                && ask.promptLogprobs() < 0
                && ask.sequences().getFirst().request().sampling().maxTokens() == 0;
        answer(exchange, new CompletionShape(ask, served), served, onlyEcho ? OpenAiSurface::nothing : generator);
    }

    private void chat(ApiExchange exchange) throws Exception {
        ObjectNode body = exchange.jsonBody();
        ServedModel served = requireModel();
        Ask ask = new ChatReader(reader(served)).read(body, exchange);
        answer(exchange, new ChatShape(ask, served), served, generator);
    }

    private void answer(ApiExchange exchange, AnswerShape shape, ServedModel served, Generator from) throws Exception {
        metrics.generationStarted();
        try {
            new Answering(exchange, shape, options.heartbeat()).answer(served, from, metrics);
        } finally {
            metrics.generationEnded();
        }
    }

    private AskReader reader(ServedModel served) {
        return new AskReader(served, options, randomSeeds, unknownFields, parsers(served));
    }

    /** Found out once for each model. */
    private OutputParsers parsers(ServedModel served) {
        Parsing known = parsing;
        if (known == null || known.model() != served) {
            known = new Parsing(served, OutputParsers.of(served, options));
            parsing = known;
        }
        return known.parsers();
    }

    private ServedModel requireModel() {
        return model.get()
                .orElseThrow(() -> new ServiceException(
                        ErrorCode.UNAVAILABLE, readiness.obstacle().orElse("No model is served yet; try again soon")));
    }

    private void health(ApiExchange exchange) {
        readiness.obstacle().ifPresent(sentence -> {
            throw new ServiceException(ErrorCode.UNAVAILABLE, sentence);
        });
        exchange.sendEmpty(200);
    }

    private ObjectNode models() {
        ObjectNode list = Json.object().put("object", "list");
        list.putArray("data").add(card(requireModel()));
        return list;
    }

    private ObjectNode model(String id) {
        ServedModel served = requireModel();
        reader(served).requireModel(id);
        return card(served);
    }

    private static ObjectNode card(ServedModel served) {
        String name = served.info().name();
        ObjectNode card = Json.object()
                .put("id", name)
                .put("object", "model")
                .put("created", served.createdSeconds())
                .put("owned_by", "yuebing")
                .put("root", name)
                .putNull("parent")
                .put("max_model_len", served.info().maxModelLength());
        card.putArray("permission");
        return card;
    }

    /** For a request that wants its prompt back and nothing computed. */
    private static TokenStream nothing(GenerateRequest request) {
        Iterator<GenerateEvent> events = List.<GenerateEvent>of(
                        new GenerateEvent.PromptDone(0, List.of()),
                        new GenerateEvent.Finished(FinishReason.LENGTH, OptionalInt.empty()))
                .iterator();
        return new TokenStream() {
            @Override
            public GenerateEvent next() {
                return events.next();
            }

            @Override
            public void close() {}
        };
    }
}
