package io.yuebing.answer.reasoning;

import java.util.ArrayList;
import java.util.List;

/**
 * Parts the thoughts at the beginning of an answer from the answer itself.
 *
 * <p>White space beside the tags is layout and belongs to neither. The result does not depend on how the text is cut.
 * Not thread-safe.
 */
public final class ReasoningParser {
    private static final String OPEN = ReasoningFormat.OPEN;
    private static final String CLOSE = ReasoningFormat.CLOSE;

    private enum At {
        BEGINNING,
        THOUGHTS_BEGIN,
        THOUGHTS,
        ANSWER_BEGINS,
        ANSWER
    }

    private final List<String> ends;
    private At at;

    /** What cannot be told yet: white space, and what may become a tag. */
    private final StringBuilder held = new StringBuilder();

    ReasoningParser(boolean opened, List<String> cuts) {
        this.ends = new ArrayList<>(cuts);
        this.ends.add(CLOSE);
        this.at = opened ? At.THOUGHTS_BEGIN : At.BEGINNING;
    }

    /**
     * What a piece of text turned out to be.
     *
     * @param reasoning thoughts
     * @param answer what comes after them
     */
    public record Parts(String reasoning, String answer) {}

    /** Whether the text so far ends within the thoughts. */
    public boolean thinking() {
        return at == At.THOUGHTS_BEGIN || at == At.THOUGHTS;
    }

    /** Takes the next piece of text. */
    public Parts append(String piece) {
        StringBuilder reasoning = new StringBuilder();
        StringBuilder answer = new StringBuilder();
        for (int i = 0; i < piece.length(); i++) {
            if (at == At.ANSWER) {
                answer.append(piece, i, piece.length());
                break;
            }
            accept(piece.charAt(i), reasoning, answer);
        }
        return new Parts(reasoning.toString(), answer.toString());
    }

    /** Ends the text: what was held back. */
    public Parts finish() {
        String rest = held.toString();
        held.setLength(0);
        return thinking() ? new Parts(rest, "") : new Parts("", rest);
    }

    private void accept(char c, StringBuilder reasoning, StringBuilder answer) {
        switch (at) {
            case BEGINNING -> beginning(c, answer);
            case THOUGHTS_BEGIN, THOUGHTS -> thoughts(c, reasoning, answer);
            case ANSWER_BEGINS -> {
                if (!Character.isWhitespace(c)) {
                    at = At.ANSWER;
                    answer.append(c);
                }
            }
            case ANSWER -> answer.append(c);
        }
    }

    private void beginning(char c, StringBuilder answer) {
        held.append(c);
        String begun = held.toString().stripLeading();
        if (begun.equals(OPEN)) {
            held.setLength(0);
            at = At.THOUGHTS_BEGIN;
        } else if (!OPEN.startsWith(begun)) {
            answer.append(held);
            held.setLength(0);
            at = At.ANSWER;
        }
    }

    private void thoughts(char c, StringBuilder reasoning, StringBuilder answer) {
        if (at == At.THOUGHTS_BEGIN && held.isEmpty() && Character.isWhitespace(c)) {
            return;
        }
        held.append(c);
        for (String end : ends) {
            if (endsWith(end)) {
                reasoning.append(held.substring(0, held.length() - end.length()).stripTrailing());
                held.setLength(0);
                at = end.equals(CLOSE) ? At.ANSWER_BEGINS : At.ANSWER;
                answer.append(end.equals(CLOSE) ? "" : end);
                return;
            }
        }
        int keep = held.length() - mayBecomeEnd();
        while (keep > 0 && Character.isWhitespace(held.charAt(keep - 1))) {
            keep--;
        }
        if (keep > 0) {
            at = At.THOUGHTS;
            reasoning.append(held, 0, keep);
            held.delete(0, keep);
        }
    }

    private boolean endsWith(String end) {
        int from = held.length() - end.length();
        return from >= 0 && held.indexOf(end, from) == from;
    }

    /** Length of the longest end of the held text that begins one of the tags. */
    private int mayBecomeEnd() {
        for (int from = Math.max(0, held.length() - longestEnd()); from < held.length(); from++) {
            String tail = held.substring(from);
            if (ends.stream().anyMatch(end -> end.startsWith(tail))) {
                return tail.length();
            }
        }
        return 0;
    }

    private int longestEnd() {
        return ends.stream().mapToInt(String::length).max().orElse(0);
    }
}
