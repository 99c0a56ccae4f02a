package io.yuebing.dialect;

import io.yuebing.api.SampledToken;
import io.yuebing.dialect.ChoiceEvent.Piece;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A choice gathered for an answer that is sent whole. */
final class FinishedChoice {
    private final StringBuilder text = new StringBuilder();
    private final List<Piece> pieces = new ArrayList<>();
    private final List<Integer> generatedIds = new ArrayList<>();
    private List<SampledToken> promptLogprobs = List.of();
    private ChoiceEvent.@Nullable Ended ended;

    void add(ChoiceEvent event) {
        switch (event) {
            case ChoiceEvent.Started started -> promptLogprobs = started.promptLogprobs();
            case ChoiceEvent.Delta delta -> {
                text.append(delta.text());
                pieces.addAll(delta.tokens());
                if (!delta.echoed()) {
                    delta.tokens().forEach(piece -> generatedIds.add(piece.id()));
                }
            }
            case ChoiceEvent.Ended end -> ended = end;
        }
    }

    String text() {
        return text.toString();
    }

    List<Piece> pieces() {
        return pieces;
    }

    List<Integer> generatedIds() {
        return generatedIds;
    }

    List<SampledToken> promptLogprobs() {
        return promptLogprobs;
    }

    ChoiceEvent.Ended ended() {
        if (ended == null) {
            throw new IllegalStateException("the choice is still running");
        }
        return ended;
    }
}
