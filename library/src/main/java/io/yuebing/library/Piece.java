package io.yuebing.library;

import io.yuebing.answer.AnswerPart;
import io.yuebing.api.SampledToken;
import java.util.List;
import java.util.Optional;

/**
 * The next part of an answer.
 *
 * @param parts what is certain now and was not before: content, thoughts, tool calls; empty while a character, a stop string
 *     or a tag is incomplete
 * @param token the token that brought it, with its log-probabilities if they were asked for; empty for what was held back
 *     until the end
 */
public record Piece(List<AnswerPart> parts, Optional<SampledToken> token) {

    public Piece {
        parts = List.copyOf(parts);
    }

    /** More of the content; empty if this piece is something else. */
    public String text() {
        StringBuilder text = new StringBuilder();
        for (AnswerPart part : parts) {
            if (part instanceof AnswerPart.Content(String more)) {
                text.append(more);
            }
        }
        return text.toString();
    }

    /** The content alone, so that pieces can be printed as they come. */
    @Override
    public String toString() {
        return text();
    }
}
