package io.yuebing.dialect;

import io.yuebing.api.SampledToken;
import io.yuebing.dialect.ChoiceEvent.Piece;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A choice gathered for an answer that is sent whole. */
final class FinishedChoice {
    private final StringBuilder text = new StringBuilder();
    private final StringBuilder reasoning = new StringBuilder();
    private final List<Call> calls = new ArrayList<>();
    private final List<Piece> pieces = new ArrayList<>();
    private final List<Integer> generatedIds = new ArrayList<>();
    private List<SampledToken> promptLogprobs = List.of();
    private ChoiceEvent.@Nullable Ended ended;

    /** A tool call, its arguments growing. */
    record Call(String id, String name, StringBuilder arguments) {}

    void add(ChoiceEvent event) {
        switch (event) {
            case ChoiceEvent.Started started -> promptLogprobs = started.promptLogprobs();
            case ChoiceEvent.Delta delta -> {
                delta.parts().forEach(this::add);
                pieces.addAll(delta.tokens());
                if (!delta.echoed()) {
                    delta.tokens().forEach(piece -> generatedIds.add(piece.id()));
                }
            }
            case ChoiceEvent.Ended end -> ended = end;
        }
    }

    private void add(AnswerPart part) {
        switch (part) {
            case AnswerPart.Content content -> text.append(content.text());
            case AnswerPart.Reasoning thoughts -> reasoning.append(thoughts.text());
            case AnswerPart.CallStart call -> calls.add(new Call(call.id(), call.name(), new StringBuilder()));
            case AnswerPart.CallArguments more ->
                calls.get(more.index()).arguments().append(more.json());
        }
    }

    /** What the model thought before it answered; empty if nothing was told apart. */
    String reasoning() {
        return reasoning.toString();
    }

    List<Call> calls() {
        return calls;
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
