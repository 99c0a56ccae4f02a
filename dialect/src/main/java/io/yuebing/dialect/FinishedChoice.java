package io.yuebing.dialect;

import io.yuebing.answer.GatheredAnswer;
import io.yuebing.answer.ToolCall;
import io.yuebing.api.SampledToken;
import io.yuebing.dialect.ChoiceEvent.Piece;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A choice gathered for an answer that is sent whole. */
final class FinishedChoice {
    private final GatheredAnswer answer = new GatheredAnswer();
    private final List<Piece> pieces = new ArrayList<>();
    private final List<Integer> generatedIds = new ArrayList<>();
    private List<SampledToken> promptLogprobs = List.of();
    private ChoiceEvent.@Nullable Ended ended;

    void add(ChoiceEvent event) {
        switch (event) {
            case ChoiceEvent.Started started -> promptLogprobs = started.promptLogprobs();
            case ChoiceEvent.Delta delta -> {
                delta.parts().forEach(answer::add);
                pieces.addAll(delta.tokens());
                if (!delta.echoed()) {
                    delta.tokens().forEach(piece -> generatedIds.add(piece.id()));
                }
            }
            case ChoiceEvent.Ended end -> ended = end;
        }
    }

    /** What the model thought before it answered; empty if nothing was told apart. */
    String reasoning() {
        return answer.reasoning();
    }

    List<ToolCall> calls() {
        return answer.calls();
    }

    String text() {
        return answer.content();
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

    /** Makes it the choice of another number. */
    void renumber(int index) {
        ended = ended().at(index);
    }

    ChoiceEvent.Ended ended() {
        if (ended == null) {
            throw new IllegalStateException("the choice is still running");
        }
        return ended;
    }
}
