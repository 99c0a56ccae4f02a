package io.yuebing.library;

import io.yuebing.answer.AnswerReading;
import io.yuebing.answer.ForcedCalls;
import io.yuebing.answer.reasoning.ReasoningFormat;
import io.yuebing.answer.tools.StrictCalls;
import io.yuebing.answer.tools.ToolFormat;
import io.yuebing.answer.tools.ToolSchemas;
import io.yuebing.api.OutputConstraint;
import io.yuebing.grammar.ConstraintCompiler;
import io.yuebing.grammar.GrammarException;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * How the answer to a request is held and read.
 *
 * @param reading what is told apart in its text
 * @param constraint what its text must be
 */
record AnswerPlan(AnswerReading reading, Optional<OutputConstraint> constraint) {
    /**
     * The plan for a request.
     *
     * @param calls how the model writes tool calls; empty = as content
     * @param thoughts how it writes thoughts; empty = as content
     */
    static AnswerPlan of(Request request, Optional<ToolFormat> calls, Optional<ReasoningFormat> thoughts) {
        if (!(request.prompt() instanceof Request.Prompt.Chat)) {
            return new AnswerPlan(AnswerReading.PLAIN, request.constraint());
        }
        ToolUse use = request.toolUse();
        List<JsonNode> callable = use.forced();
        if (!callable.isEmpty()) {
            return forced(request, callable, thoughts);
        }
        boolean plain = use.offered().isEmpty() || request.constraint().isPresent();
        Optional<ToolFormat> looked = plain ? Optional.empty() : calls;
        AnswerReading reading =
                new AnswerReading(looked, new ToolSchemas(use.offered()), use.parallelCalls(), thoughts, true);
        try {
            Optional<OutputConstraint> strict =
                    looked.flatMap(format -> StrictCalls.of(format, thoughts, use.offered(), use.parallelCalls()));
            return new AnswerPlan(reading, request.constraint().or(() -> strict));
        } catch (GrammarException e) {
            throw ToolUse.refused("The tools cannot be strict: " + e.getMessage());
        }
    }

    private static AnswerPlan forced(Request request, List<JsonNode> callable, Optional<ReasoningFormat> thoughts) {
        if (request.constraint().isPresent()) {
            throw ToolUse.refused("The tool choice forces a call, so the answer cannot have another constraint.");
        }
        OutputConstraint calls = ForcedCalls.of(callable, request.toolUse().severalForced());
        try {
            ConstraintCompiler.check(calls);
        } catch (GrammarException e) {
            throw ToolUse.refused("Calls of these tools cannot be forced: " + e.getMessage());
        }
        AnswerReading reading = new AnswerReading(
                Optional.of(ForcedCalls.FORMAT),
                new ToolSchemas(callable),
                request.toolUse().parallelCalls(),
                thoughts,
                true);
        return new AnswerPlan(reading, Optional.of(calls));
    }
}
