package io.yuebing.answer;

import io.yuebing.answer.reasoning.ReasoningParser;
import io.yuebing.answer.tools.ToolCallParser;
import io.yuebing.answer.tools.ToolCallSink;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Takes the text of one answer apart: thoughts first, then content and tool calls.
 *
 * <p>White space before a call, and after the last one, belongs to the layout of the calls and is left out.
 */
public final class AnswerParser {
    private final AnswerReading reading;
    private final Optional<ReasoningParser> reasoning;
    private final Optional<ToolCallParser> tools;
    private final Supplier<String> callIds;
    private List<AnswerPart> parts = new ArrayList<>();

    /** White space at the end of the content so far. */
    private final StringBuilder space = new StringBuilder();

    private int calls;
    private boolean complete;

    /**
     * @param prompt the prompt's text, which may have begun the thoughts
     * @param callIds makes ids for calls that come without
     */
    public AnswerParser(AnswerReading reading, String prompt, Supplier<String> callIds) {
        this.reading = reading;
        this.callIds = callIds;
        this.reasoning = reading.reasoning()
                .map(format -> format.parser(
                        prompt,
                        reading.tools().map(tool -> tool.sectionStarts()).orElse(List.of())));
        this.tools = reading.tools().map(format -> format.parser(new Parts(), reading.schemas()));
    }

    /** Takes the next piece of text and tells what is certain now. */
    public List<AnswerPart> append(String text) {
        if (reasoning.isPresent()) {
            route(reasoning.get().append(text));
        } else {
            answer(text);
        }
        return taken();
    }

    /** Ends the text: what was held back. */
    public List<AnswerPart> finish() {
        reasoning.ifPresent(parser -> route(parser.finish()));
        tools.ifPresent(ToolCallParser::finish);
        if (calls == 0) {
            content(space.toString());
        }
        return taken();
    }

    /** Whether nothing that follows can belong to the answer. */
    public boolean complete() {
        return complete;
    }

    /** Whether the text so far ends within the thoughts. */
    public boolean thinking() {
        return reasoning.isPresent() && reasoning.get().thinking();
    }

    /** Whether the answer calls tools. */
    public boolean callsTools() {
        return calls > 0;
    }

    private void route(ReasoningParser.Parts split) {
        if (!split.reasoning().isEmpty() && reading.showReasoning()) {
            parts.add(new AnswerPart.Reasoning(split.reasoning()));
        }
        answer(split.answer());
    }

    private void answer(String text) {
        if (tools.isPresent()) {
            tools.get().append(text);
        } else {
            content(text);
        }
    }

    private List<AnswerPart> taken() {
        List<AnswerPart> taken = parts;
        parts = new ArrayList<>();
        return taken;
    }

    private void content(String text) {
        if (text.isEmpty()) {
            return;
        }
        if (!parts.isEmpty() && parts.getLast() instanceof AnswerPart.Content last) {
            parts.set(parts.size() - 1, new AnswerPart.Content(last.text() + text));
        } else {
            parts.add(new AnswerPart.Content(text));
        }
    }

    /** Gathers what the tool parser finds. */
    private final class Parts implements ToolCallSink {
        @Override
        public void content(String text) {
            if (complete) {
                return;
            }
            int end = text.length();
            while (end > 0 && Character.isWhitespace(text.charAt(end - 1))) {
                end--;
            }
            if (end > 0) {
                AnswerParser.this.content(space + text.substring(0, end));
                space.setLength(0);
            }
            space.append(text, end, text.length());
        }

        @Override
        public void call(String name, String id) {
            complete |= calls > 0 && !reading.parallelCalls();
            if (complete) {
                return;
            }
            space.setLength(0);
            parts.add(new AnswerPart.CallStart(calls++, id.isEmpty() ? callIds.get() : id, name));
        }

        @Override
        public void arguments(String json) {
            if (complete) {
                return;
            }
            if (parts.isEmpty() || !(parts.getLast() instanceof AnswerPart.CallArguments last)) {
                parts.add(new AnswerPart.CallArguments(calls - 1, json));
            } else {
                parts.set(parts.size() - 1, new AnswerPart.CallArguments(calls - 1, last.json() + json));
            }
        }
    }
}
