package io.yuebing.answer;

import io.yuebing.answer.reasoning.ReasoningFormat;
import io.yuebing.answer.tools.ToolFormat;
import io.yuebing.answer.tools.ToolSchemas;
import java.util.List;
import java.util.Optional;

/**
 * What is looked for in the text of an answer.
 *
 * @param tools how tool calls are written; empty = none are looked for
 * @param schemas the tools of the request
 * @param parallelCalls whether more than one call is told
 * @param reasoning how thoughts are marked; empty = they are not told apart
 * @param showReasoning whether thoughts are part of the answer
 */
public record AnswerReading(
        Optional<ToolFormat> tools,
        ToolSchemas schemas,
        boolean parallelCalls,
        Optional<ReasoningFormat> reasoning,
        boolean showReasoning) {

    /** Everything is content. */
    public static final AnswerReading PLAIN =
            new AnswerReading(Optional.empty(), new ToolSchemas(List.of()), true, Optional.empty(), true);

    /** Whether the answer to a prompt may begin with thoughts; not if the prompt has ended them. */
    public boolean mayThink(String prompt) {
        return reasoning.isPresent() && !prompt.stripTrailing().endsWith(ReasoningFormat.CLOSE);
    }

    /** Whether the text of a token is needed although its tokenizer calls it special. */
    public boolean needs(String token) {
        return tools.isPresent() && ToolFormat.TOKENS.contains(token)
                || reasoning.isPresent() && ReasoningFormat.TOKENS.contains(token);
    }
}
