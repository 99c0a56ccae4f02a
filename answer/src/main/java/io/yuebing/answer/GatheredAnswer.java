package io.yuebing.answer;

import java.util.ArrayList;
import java.util.List;

/** The parts of an answer put together again, each kind by itself. Not thread-safe. */
public final class GatheredAnswer {
    private final StringBuilder content = new StringBuilder();
    private final StringBuilder reasoning = new StringBuilder();
    private final List<Growing> calls = new ArrayList<>();

    private record Growing(String id, String name, StringBuilder arguments) {}

    /** Takes the next part. */
    public void add(AnswerPart part) {
        switch (part) {
            case AnswerPart.Content more -> content.append(more.text());
            case AnswerPart.Reasoning more -> reasoning.append(more.text());
            case AnswerPart.CallStart call -> calls.add(new Growing(call.id(), call.name(), new StringBuilder()));
            case AnswerPart.CallArguments more ->
                calls.get(more.index()).arguments().append(more.json());
        }
    }

    /** What is for the reader. */
    public String content() {
        return content.toString();
    }

    /** What the model thought before it answered; empty if nothing was told apart. */
    public String reasoning() {
        return reasoning.toString();
    }

    /** The tool calls, in the order of the text. */
    public List<ToolCall> calls() {
        return calls.stream()
                .map(call ->
                        new ToolCall(call.id(), call.name(), call.arguments().toString()))
                .toList();
    }
}
