package io.yuebing.library;

import io.yuebing.answer.AnswerParser;
import io.yuebing.answer.AnswerPart;
import io.yuebing.answer.AnswerReading;
import io.yuebing.answer.GatheredAnswer;
import io.yuebing.answer.ToolCallIds;
import io.yuebing.api.FinishReason;
import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.SampledToken;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.ServiceException;
import io.yuebing.api.TokenStream;
import io.yuebing.text.Detokenizer;
import io.yuebing.text.StopStrings;
import io.yuebing.text.Tokenizer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A text that is being generated; read by one thread.
 *
 * <p>{@link #forEach} and {@link #answer} read to the end and close it. Who iterates and may leave before the end closes it
 * in {@code try}, or the sequence goes on in vain. Any thread may close it, which ends the reader's iteration.
 *
 * <p>Reading throws {@link ServiceException} if the generation failed, and {@link CancellationException} if the reading
 * thread is interrupted; the generation is over then.
 */
public final class Generation implements Iterable<Piece>, AutoCloseable {
    private final TokenStream stream;
    private final GenerateRequest request;
    private final List<Integer> eosTokenIds;
    private final Detokenizer detokenizer;
    private final StopStrings stops;

    private final AnswerParser parser;
    private final GatheredAnswer gathered = new GatheredAnswer();
    private int cachedTokens;
    private int generatedTokens;
    private @Nullable Piece ready;
    private @Nullable Answer answer;
    private volatile boolean closed;

    Generation(
            TokenStream stream,
            GenerateRequest request,
            List<Integer> eosTokenIds,
            Tokenizer tokenizer,
            List<String> stop,
            AnswerReading reading,
            String prompt) {
        this.stream = stream;
        this.request = request;
        this.eosTokenIds = eosTokenIds;
        detokenizer =
                new Detokenizer(tokenizer, id -> tokenizer.isSpecial(id) && !reading.needs(tokenizer.tokenText(id)));
        parser = new AnswerParser(reading, prompt, ToolCallIds.of(reading));
        stops = new StopStrings(stop, false);
    }

    /** The pieces that have not been read yet. */
    @Override
    public Iterator<Piece> iterator() {
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                if (ready == null && answer == null) {
                    ready = read();
                }
                return ready != null;
            }

            @Override
            public Piece next() {
                Piece next = hasNext() ? ready : null;
                if (next == null) {
                    throw new NoSuchElementException("the generation has ended");
                }
                ready = null;
                return next;
            }
        };
    }

    /** Reads to the end; closes the generation whatever happens. */
    @Override
    public void forEach(Consumer<? super Piece> action) {
        try (this) {
            Iterable.super.forEach(action);
        }
    }

    /** Reads to the end, as far as that has not been done, and tells what the generation came to. */
    public Answer answer() {
        forEach(piece -> {});
        Answer whole = answer;
        return whole != null ? whole : ended(FinishReason.ABORT);
    }

    /** Cancels the generation if it is under way. */
    @Override
    public void close() {
        closed = true;
        stream.close();
    }

    /** The next piece; null at the end. */
    private @Nullable Piece read() {
        boolean over = true;
        try {
            while (!closed) {
                switch (stream.next()) {
                    case GenerateEvent.PromptDone done -> cachedTokens = done.cachedTokens();
                    case GenerateEvent.Token token -> {
                        over = false;
                        return piece(token.token());
                    }
                    case GenerateEvent.Finished finished -> {
                        return last(finished.reason());
                    }
                }
            }
            answer = ended(FinishReason.ABORT);
            return null;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted while waiting for the next token");
        } finally {
            if (over) {
                stream.close();
            }
        }
    }

    private Piece piece(SampledToken token) {
        generatedTokens++;
        String decoded = endsGeneration(token.id()) ? "" : detokenizer.append(token.id());
        boolean armed = generatedTokens > request.sampling().minTokens();
        List<AnswerPart> parts = new ArrayList<>(parser.append(stops.append(decoded, armed)));
        boolean ended = stops.matched().isPresent() || parser.complete();
        if (ended) {
            parts.addAll(parser.finish());
        }
        parts.forEach(gathered::add);
        if (ended) {
            answer = ended(FinishReason.STOP);
            stream.close();
        }
        return new Piece(parts, Optional.of(token));
    }

    private @Nullable Piece last(FinishReason reason) {
        String rest = stops.append(detokenizer.finish(), true) + stops.finish();
        List<AnswerPart> parts = new ArrayList<>(parser.append(rest));
        parts.addAll(parser.finish());
        parts.forEach(gathered::add);
        answer = ended(stops.matched().isPresent() ? FinishReason.STOP : reason);
        return parts.isEmpty() ? null : new Piece(parts, Optional.empty());
    }

    private Answer ended(FinishReason reason) {
        return new Answer(
                gathered.content(),
                gathered.reasoning(),
                gathered.calls(),
                reason,
                stops.matched(),
                request.promptTokens().length,
                cachedTokens,
                generatedTokens);
    }

    /** Such a token is the last one: it is counted, but adds no text. */
    private boolean endsGeneration(int id) {
        SamplingParams sampling = request.sampling();
        return sampling.stopTokenIds().contains(id) || (!sampling.ignoreEos() && eosTokenIds.contains(id));
    }
}
