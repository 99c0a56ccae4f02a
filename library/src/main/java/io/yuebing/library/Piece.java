package io.yuebing.library;

import io.yuebing.api.SampledToken;
import java.util.Optional;

/**
 * The next part of a generated text.
 *
 * @param text what is certain now and was not before; empty while a character or a stop string is incomplete
 * @param token the token that brought it, with its log-probabilities if they were asked for; empty for what was held back
 *     until the end
 */
public record Piece(String text, Optional<SampledToken> token) {

    /** The text alone, so that pieces can be printed as they come. */
    @Override
    public String toString() {
        return text;
    }
}
