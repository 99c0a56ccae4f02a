package io.yuebing.engine;

import io.yuebing.api.FinishReason;
import io.yuebing.api.GenerateEvent;
import io.yuebing.api.SampledToken;
import io.yuebing.api.TokenStream;
import java.util.ArrayList;
import java.util.List;

/** All that a stream delivered. */
record Result(GenerateEvent.PromptDone prompt, List<SampledToken> tokens, GenerateEvent.Finished finished) {

    /** Reads a stream to its end, insisting on the order of events. */
    static Result of(TokenStream stream) {
        try (stream) {
            GenerateEvent.PromptDone prompt = (GenerateEvent.PromptDone) stream.next();
            List<SampledToken> tokens = new ArrayList<>();
            while (true) {
                switch (stream.next()) {
                    case GenerateEvent.Token(SampledToken token) -> tokens.add(token);
                    case GenerateEvent.Finished finished -> {
                        return new Result(prompt, tokens, finished);
                    }
                    case GenerateEvent.PromptDone again -> throw new AssertionError("a second " + again);
                }
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Reads a stream to its end for the reason alone. */
    static FinishReason endOf(TokenStream stream) {
        try (stream) {
            while (true) {
                if (stream.next() instanceof GenerateEvent.Finished finished) {
                    return finished.reason();
                }
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    List<Integer> ids() {
        return tokens.stream().map(SampledToken::id).toList();
    }
}
