package io.yuebing.dialect;

import io.yuebing.answer.AnswerPart;
import io.yuebing.dialect.ChoiceEvent.Piece;
import java.util.ArrayList;
import java.util.List;

/** Gathers what a choice has to show until {@code stream_interval} tokens are together; the first one is never kept. */
final class StreamInterval {
    private final Sequence sequence;
    private final int tokens;
    private final List<AnswerPart> parts = new ArrayList<>();
    private final List<Piece> pieces = new ArrayList<>();
    private int shown;

    StreamInterval(Sequence sequence, int tokens) {
        this.sequence = sequence;
        this.tokens = tokens;
    }

    /** Takes more of the answer, and passes on what is due after {@code generated} tokens. */
    void add(List<AnswerPart> more, List<Piece> morePieces, int generated, Feed.Sink<ChoiceEvent> sink)
            throws InterruptedException {
        more.forEach(this::add);
        pieces.addAll(morePieces);
        if (shown == 0 || generated - shown >= tokens) {
            flush(generated, sink);
        }
    }

    /** Passes on all there is. */
    void flush(int generated, Feed.Sink<ChoiceEvent> sink) throws InterruptedException {
        if (!parts.isEmpty() || !pieces.isEmpty()) {
            sink.put(new ChoiceEvent.Delta(sequence, List.copyOf(parts), List.copyOf(pieces), false, generated));
            parts.clear();
            pieces.clear();
            shown = generated;
        }
    }

    private void add(AnswerPart part) {
        if (!parts.isEmpty()) {
            AnswerPart last = parts.getLast();
            if (last instanceof AnswerPart.Content(String before) && part instanceof AnswerPart.Content(String text)) {
                parts.set(parts.size() - 1, new AnswerPart.Content(before + text));
                return;
            }
            if (last instanceof AnswerPart.Reasoning(String before)
                    && part instanceof AnswerPart.Reasoning(String text)) {
                parts.set(parts.size() - 1, new AnswerPart.Reasoning(before + text));
                return;
            }
        }
        parts.add(part);
    }
}
