package io.yuebing.dialect;

import io.yuebing.answer.AnswerReading;
import io.yuebing.answer.ForcedCalls;
import io.yuebing.api.OutputConstraint;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import tools.jackson.databind.node.ObjectNode;

/** Reads the body of {@code POST /v1/chat/completions}. */
final class ChatReader {
    private final AskReader common;

    ChatReader(AskReader common) {
        this.common = common;
    }

    Ask read(ObjectNode body, ApiExchange exchange) {
        RequestFields fields = new RequestFields(body);
        common.requireModel(fields);
        UnsupportedFields.refuse(fields);
        fields.refuse("functions", "send tools instead");
        fields.refuse("function_call", "send tool_choice instead");
        fields.refuse("audio", "this model makes text only");
        fields.refuse("echo", "the prompt of a chat is not part of its answer");
        OptionalInt newer = fields.integer("max_completion_tokens", 1, Integer.MAX_VALUE);
        OptionalInt older = fields.integer("max_tokens", 1, Integer.MAX_VALUE);
        OptionalInt maxTokens = newer.isPresent() ? newer : older;
        int logprobs = logprobs(fields);
        ToolFields tools = ToolFields.read(fields);
        Optional<OutputConstraint> asked = ConstraintFields.read(fields);
        if (asked.isPresent() && tools.forced().isPresent()) {
            throw RequestFields.bad(
                    "tool_choice",
                    "tool_choice forces a call, so response_format and structured_outputs must not be set");
        }
        Optional<OutputConstraint> whole = tools.forced().or(() -> asked);
        Optional<OutputConstraint> constraint = whole.or(() -> tools.strict(common.parsers()));
        Prompt prompt =
                common.truncated(fields, new ChatPrompt(common.model(), common.options()).read(fields), maxTokens);
        return common.assemble(
                fields,
                exchange,
                List.of(prompt),
                new AskReader.Kind(
                        "chatcmpl-",
                        "messages",
                        maxTokens,
                        logprobs,
                        -1,
                        false,
                        OptionalInt.empty(),
                        reading(fields, tools, whole),
                        constraint));
    }

    /** Calls are looked for only where the request offers tools, and not in an answer that must be something else. */
    private AnswerReading reading(RequestFields fields, ToolFields tools, Optional<OutputConstraint> whole) {
        boolean plain = tools.tools().isEmpty() || whole.isPresent();
        return new AnswerReading(
                tools.forced().isPresent()
                        ? Optional.of(ForcedCalls.FORMAT)
                        : plain ? Optional.empty() : common.parsers().tools(),
                tools.schemas(),
                tools.parallelCalls(),
                common.parsers().reasoning(),
                fields.flag("include_reasoning", true));
    }

    private int logprobs(RequestFields fields) {
        boolean wanted = fields.flag("logprobs", false);
        OptionalInt top = fields.integer("top_logprobs", 0, common.options().maxLogprobs());
        if (top.isPresent() && top.getAsInt() > 0 && !wanted) {
            throw RequestFields.bad("top_logprobs", "top_logprobs needs logprobs to be true");
        }
        return AskReader.logprobs(fields, wanted ? OptionalInt.of(top.orElse(0)) : OptionalInt.empty());
    }
}
