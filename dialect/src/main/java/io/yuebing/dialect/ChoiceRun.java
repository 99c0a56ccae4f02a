package io.yuebing.dialect;

import io.yuebing.answer.AnswerParser;
import io.yuebing.answer.AnswerPart;
import io.yuebing.answer.ThinkingTags;
import io.yuebing.answer.ToolCallIds;
import io.yuebing.api.FinishReason;
import io.yuebing.api.GenerateEvent;
import io.yuebing.api.Generator;
import io.yuebing.api.KvPull;
import io.yuebing.api.SampledToken;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.TokenStream;
import io.yuebing.dialect.ChoiceEvent.Piece;
import io.yuebing.text.Detokenizer;
import io.yuebing.text.StopStrings;
import io.yuebing.text.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Generates one choice: reads its tokens, makes text of them, watches for stop strings, tells calls from content. */
final class ChoiceRun implements Feed.Producer<ChoiceEvent> {
    private final Sequence sequence;
    private final OutputFormat format;
    private final Generator generator;
    private final ServedModel model;
    private final SurfaceMetrics metrics;
    private final Detokenizer detokenizer;
    private final StopStrings stops;
    private final AnswerParser parser;
    private final int closeTagTokens;
    private final StreamInterval shown;
    private final long startedNanos = System.nanoTime();

    private int generated;
    private int reasoned;
    private double logprobSum;
    private int cached;
    private int textLength;
    private long firstTokenNanos;
    private long lastTokenNanos;

    ChoiceRun(Sequence sequence, OutputFormat format, ServedModel model, Generator generator, SurfaceMetrics metrics) {
        this.sequence = sequence;
        this.format = format;
        this.generator = generator;
        this.model = model;
        this.metrics = metrics;
        this.detokenizer = detokenizer(model.tokenizer(), format);
        this.stops = new StopStrings(format.stop(), format.includeStop());
        this.parser = new AnswerParser(format.reading(), sequence.prompt().text(), ToolCallIds.of(format.reading()));
        this.shown = new StreamInterval(sequence, format.streamInterval());
        this.closeTagTokens = format.reading()
                .reasoning()
                .map(tags -> new ThinkingTags(tags, model.tokenizer()).close().size())
                .orElse(1);
    }

    /** Tokens that mark tool calls or thoughts stay readable even if special tokens are left out. */
    private static Detokenizer detokenizer(Tokenizer tokenizer, OutputFormat format) {
        return new Detokenizer(
                tokenizer,
                id -> format.skipSpecialTokens()
                        && tokenizer.isSpecial(id)
                        && !format.reading().needs(tokenizer.tokenText(id)));
    }

    @Override
    public void run(Feed.Sink<ChoiceEvent> sink) throws InterruptedException {
        try (TokenStream stream = generator.generate(sequence.request())) {
            FinishReason outcome = FinishReason.ERROR;
            try {
                outcome = deliver(stream, sink);
            } catch (InterruptedException e) {
                outcome = FinishReason.ABORT;
                throw e;
            } finally {
                metrics.sequenceEnded(
                        model.info().name(),
                        outcome,
                        sequence.prompt().tokens().length,
                        cached,
                        generated,
                        System.nanoTime() - startedNanos);
            }
        }
    }

    private FinishReason deliver(TokenStream stream, Feed.Sink<ChoiceEvent> sink) throws InterruptedException {
        while (true) {
            switch (stream.next()) {
                case GenerateEvent.PromptDone done -> {
                    cached = done.cachedTokens();
                    sink.put(new ChoiceEvent.Started(sequence, cached, done.promptLogprobs()));
                    if (format.echo()) {
                        sink.put(echo(done.promptLogprobs()));
                    }
                }
                case GenerateEvent.Token token -> {
                    token(token.token(), sink);
                    if (stops.matched().isPresent() || parser.complete()) {
                        shown.add(parser.finish(), List.of(), generated, sink);
                        shown.flush(generated, sink);
                        sink.put(ended(FinishReason.STOP, stops.matched(), OptionalInt.empty(), Optional.empty()));
                        return FinishReason.STOP;
                    }
                }
                case GenerateEvent.Finished finished -> {
                    return finish(finished, sink);
                }
            }
        }
    }

    private void token(SampledToken token, Feed.Sink<ChoiceEvent> sink) throws InterruptedException {
        generated++;
        logprobSum += token.logprob();
        recordLatency();
        List<Piece> pieces = format.showsTokens() ? List.of(new Piece(token.id(), token, textLength)) : List.of();
        String text = endsGeneration(token.id()) && !format.includeStop() ? "" : detokenizer.append(token.id());
        textLength += text.codePointCount(0, text.length());
        boolean armed = generated > sequence.request().sampling().minTokens();
        boolean thought = parser.thinking();
        List<AnswerPart> parts = parser.append(stops.append(text, armed));
        countThought(token.id(), thought);
        shown.add(parts, pieces, generated, sink);
    }

    /** Counts tokens within thoughts. Those of a closing tag are taken back once it is whole. */
    private void countThought(int id, boolean thoughtBefore) {
        if (thoughtBefore && parser.thinking()) {
            reasoned += endsGeneration(id) ? 0 : 1;
        } else if (thoughtBefore) {
            reasoned = Math.max(0, reasoned - (closeTagTokens - 1));
        }
    }

    /** Such a token is the last one: it is counted, but like a stop string it is not part of the text. */
    private boolean endsGeneration(int id) {
        SamplingParams sampling = sequence.request().sampling();
        return sampling.stopTokenIds().contains(id)
                || (!sampling.ignoreEos() && model.info().eosTokenIds().contains(id));
    }

    private FinishReason finish(GenerateEvent.Finished finished, Feed.Sink<ChoiceEvent> sink)
            throws InterruptedException {
        String rest = stops.append(detokenizer.finish(), true);
        List<AnswerPart> parts = new ArrayList<>(parser.append(rest + stops.finish()));
        parts.addAll(parser.finish());
        shown.add(parts, List.of(), generated, sink);
        shown.flush(generated, sink);
        FinishReason reason = stops.matched().isPresent() ? FinishReason.STOP : finished.reason();
        sink.put(ended(reason, stops.matched(), finished.stopTokenId(), finished.kept()));
        return reason;
    }

    private ChoiceEvent ended(
            FinishReason reason, Optional<String> stopString, OptionalInt stopTokenId, Optional<KvPull> kept) {
        return new ChoiceEvent.Ended(
                sequence,
                reason,
                stopString,
                stopTokenId,
                parser.callsTools(),
                generated,
                reasoned,
                logprobSum / Math.max(1, generated),
                kept,
                firstTokenNanos);
    }

    /** The prompt as the beginning of the text, its first token without log-probabilities. */
    private ChoiceEvent echo(List<SampledToken> promptLogprobs) {
        Tokenizer tokenizer = model.tokenizer();
        int[] ids = sequence.prompt().tokens();
        List<Piece> pieces = new ArrayList<>();
        if (format.logprobs() >= 0) {
            Detokenizer offsets = new Detokenizer(tokenizer, false);
            int offset = 0;
            for (int i = 0; i < ids.length; i++) {
                boolean known = i > 0 && i <= promptLogprobs.size();
                pieces.add(new Piece(ids[i], known ? promptLogprobs.get(i - 1) : null, offset));
                String text = offsets.append(ids[i]);
                offset += text.codePointCount(0, text.length());
            }
        }
        String text = sequence.prompt().text();
        textLength = text.codePointCount(0, text.length());
        return new ChoiceEvent.Delta(sequence, List.of(new AnswerPart.Content(text)), pieces, true, 0);
    }

    private void recordLatency() {
        long now = System.nanoTime();
        if (generated == 1) {
            firstTokenNanos = now - startedNanos;
            metrics.firstToken(model.info().name(), firstTokenNanos);
        } else {
            metrics.nextToken(model.info().name(), now - lastTokenNanos);
        }
        lastTokenNanos = now;
    }
}
