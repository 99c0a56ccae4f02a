package io.yuebing.dialect;

import io.yuebing.answer.AnswerReading;
import io.yuebing.api.ModelInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Reads the body of {@code POST /v1/completions}. */
final class CompletionReader {
    /** The OpenAI API's default of {@code max_tokens} here. */
    private static final int DEFAULT_MAX_TOKENS = 16;

    private final AskReader common;

    CompletionReader(AskReader common) {
        this.common = common;
    }

    Ask read(ObjectNode body, ApiExchange exchange) {
        RequestFields fields = new RequestFields(body);
        common.requireModel(fields);
        UnsupportedFields.refuse(fields);
        fields.refuse("suffix", "this model completes text only at its end");
        boolean echo = fields.flag("echo", false);
        OptionalInt logprobs = fields.integer("logprobs", 0, common.options().maxLogprobs());
        OptionalInt bestOf = fields.integer("best_of", 1, Integer.MAX_VALUE);
        int n = fields.integer("n", 1, Integer.MAX_VALUE).orElse(1);
        checkBestOf(fields, bestOf.orElse(n), n);
        OptionalInt asked = fields.integer("max_tokens", echo ? 0 : 1, Integer.MAX_VALUE);
        List<Prompt> prompts = new ArrayList<>();
        int longest = 0;
        for (Prompt prompt : prompts(fields)) {
            Prompt kept = common.truncated(fields, prompt, asked);
            prompts.add(kept);
            longest = Math.max(longest, kept.tokens().length);
        }
        return common.assemble(
                fields,
                exchange,
                prompts,
                new AskReader.Kind(
                        "cmpl-",
                        "prompt",
                        maxTokens(fields, asked, longest),
                        AskReader.logprobs(fields, logprobs),
                        echo ? logprobs.orElse(asked.orElse(1) == 0 ? 0 : -1) : -1,
                        echo,
                        bestOf,
                        AnswerReading.PLAIN,
                        ConstraintFields.read(fields)));
    }

    private static void checkBestOf(RequestFields fields, int bestOf, int n) {
        if (bestOf < n) {
            throw RequestFields.bad("best_of", "best_of must be at least n = " + n + ", got " + bestOf);
        }
        if (bestOf > n && fields.flag("stream", false)) {
            throw RequestFields.bad(
                    "best_of",
                    "best_of must equal n = " + n + " when stream is true, got " + bestOf
                            + ": the best answers are known only at the end");
        }
    }

    /** An explicit null asks for the rest of the context; the default gives way where less is left. */
    private OptionalInt maxTokens(RequestFields fields, OptionalInt asked, int longestPrompt) {
        if (asked.isPresent() || fields.isExplicitNull("max_tokens")) {
            return asked;
        }
        int room = common.model().info().maxModelLength() - longestPrompt;
        return OptionalInt.of(Math.clamp(room, 1, DEFAULT_MAX_TOKENS));
    }

    private List<Prompt> prompts(RequestFields fields) {
        JsonNode value = fields.any("prompt")
                .orElseThrow(() -> RequestFields.bad(
                        "prompt", "prompt is missing; send a string, an array of token ids, or an array of either"));
        boolean addSpecialTokens = fields.flag("add_special_tokens", true);
        List<Prompt> prompts = new ArrayList<>();
        if (value.isArray() && !value.isEmpty() && !value.get(0).isNumber()) {
            for (JsonNode element : value) {
                prompts.add(prompt(fields, element, addSpecialTokens));
            }
        } else {
            prompts.add(prompt(fields, value, addSpecialTokens));
        }
        return prompts;
    }

    private Prompt prompt(RequestFields fields, JsonNode value, boolean addSpecialTokens) {
        Prompt prompt;
        if (value.isString()) {
            String text = value.stringValue();
            prompt = new Prompt(common.model().tokenizer().encode(text, addSpecialTokens), text);
        } else if (value.isArray()) {
            ModelInfo info = common.model().info();
            int[] ids = new int[value.size()];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = fields.tokenId("prompt", value.get(i), info.vocabSize());
            }
            prompt = new Prompt(ids, common.model().tokenizer().decode(ids, false));
        } else {
            throw fields.wrongType("prompt", "a string, an array of token ids, or an array of either", value);
        }
        if (prompt.tokens().length == 0) {
            throw RequestFields.bad("prompt", "prompt must contain at least one token, got an empty one");
        }
        return prompt;
    }
}
