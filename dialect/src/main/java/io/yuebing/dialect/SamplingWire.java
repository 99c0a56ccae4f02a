package io.yuebing.dialect;

import io.yuebing.api.RepetitionDetection;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.ThinkingBudget;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@link SamplingParams} as JSON, with the HTTP surface's field names where they mean the same.
 *
 * <pre>
 * {..., "bad_words_token_ids":[[]], "repetition_detection":{"min_pattern_size", "max_pattern_size", "min_count"},
 *  "thinking_budget":{"tokens", "opened", "open":[], "close":[], "other_ends":[[]]}}
 * </pre>
 */
final class SamplingWire {
    private static final int MAX = Integer.MAX_VALUE;

    private SamplingWire() {}

    static ObjectNode json(SamplingParams s) {
        ObjectNode body = Json.object()
                .put("temperature", s.temperature())
                .put("top_p", s.topP())
                .put("top_k", s.topK())
                .put("min_p", s.minP())
                .put("presence_penalty", s.presencePenalty())
                .put("frequency_penalty", s.frequencyPenalty())
                .put("repetition_penalty", s.repetitionPenalty())
                .put("seed", s.seed())
                .put("max_tokens", s.maxTokens())
                .put("min_tokens", s.minTokens())
                .put("ignore_eos", s.ignoreEos())
                .put("logprobs", s.logprobs())
                .put("prompt_logprobs", s.promptLogprobs());
        body.set("stop_token_ids", AnswerShape.ids(s.stopTokenIds()));
        ObjectNode bias = body.putObject("logit_bias");
        s.logitBias().forEach((id, value) -> bias.put(Integer.toString(id), value));
        putIds(body, "logprob_token_ids", s.logprobTokenIds());
        putIds(body, "allowed_token_ids", s.allowedTokenIds());
        if (!s.badWords().isEmpty()) {
            body.set("bad_words_token_ids", idLists(s.badWords()));
        }
        s.repetitionDetection()
                .ifPresent(detection -> body.putObject("repetition_detection")
                        .put("min_pattern_size", detection.minPatternSize())
                        .put("max_pattern_size", detection.maxPatternSize())
                        .put("min_count", detection.minCount()));
        s.thinkingBudget().ifPresent(budget -> put(budget, body.putObject("thinking_budget")));
        return body;
    }

    private static void put(ThinkingBudget budget, ObjectNode body) {
        body.put("tokens", budget.tokens()).put("opened", budget.opened());
        putIds(body, "open", budget.open());
        putIds(body, "close", budget.close());
        body.set("other_ends", idLists(budget.otherEnds()));
    }

    private static void putIds(ObjectNode body, String name, List<Integer> ids) {
        if (!ids.isEmpty()) {
            body.set(name, AnswerShape.ids(ids));
        }
    }

    private static ArrayNode idLists(List<List<Integer>> lists) {
        ArrayNode array = Json.array();
        lists.forEach(list -> array.add(AnswerShape.ids(list)));
        return array;
    }

    /** Reads them; throws as {@link WireFormat#request}. */
    static SamplingParams read(RequestFields fields) {
        return SamplingParams.builder()
                .temperature(fields.number("temperature").orElse(1.0))
                .topP(fields.number("top_p").orElse(1.0))
                .topK(fields.integer("top_k", 0, MAX).orElse(0))
                .minP(fields.number("min_p").orElse(0.0))
                .presencePenalty(fields.number("presence_penalty").orElse(0.0))
                .frequencyPenalty(fields.number("frequency_penalty").orElse(0.0))
                .repetitionPenalty(fields.number("repetition_penalty").orElse(1.0))
                .seed(fields.longInteger("seed").orElseThrow(() -> fields.missing("seed")))
                .maxTokens(fields.integer("max_tokens", 0, MAX).orElseThrow(() -> fields.missing("max_tokens")))
                .minTokens(fields.integer("min_tokens", 0, MAX).orElse(0))
                .stopTokenIds(fields.tokenIds("stop_token_ids", MAX))
                .ignoreEos(fields.flag("ignore_eos", false))
                .logitBias(logitBias(fields))
                .logprobs(fields.integer("logprobs", -1, MAX).orElse(-1))
                .promptLogprobs(fields.integer("prompt_logprobs", -1, MAX).orElse(-1))
                .logprobTokenIds(fields.tokenIds("logprob_token_ids", MAX))
                .allowedTokenIds(fields.tokenIds("allowed_token_ids", MAX))
                .badWords(fields.tokenIdLists("bad_words_token_ids", MAX))
                .repetitionDetection(fields.object("repetition_detection").map(SamplingWire::repetitionDetection))
                .thinkingBudget(fields.object("thinking_budget").map(SamplingWire::thinkingBudget))
                .build()
                .validate();
    }

    private static RepetitionDetection repetitionDetection(RequestFields fields) {
        return new RepetitionDetection(
                fields.integer("min_pattern_size", 1, MAX).orElse(1),
                fields.integer("max_pattern_size", 1, MAX).orElseThrow(() -> fields.missing("max_pattern_size")),
                fields.integer("min_count", 2, MAX).orElseThrow(() -> fields.missing("min_count")));
    }

    private static ThinkingBudget thinkingBudget(RequestFields fields) {
        return new ThinkingBudget(
                fields.integer("tokens", 0, MAX).orElseThrow(() -> fields.missing("tokens")),
                fields.flag("opened", false),
                fields.tokenIds("open", MAX),
                fields.tokenIds("close", MAX),
                fields.tokenIdLists("other_ends", MAX));
    }

    private static Map<Integer, Float> logitBias(RequestFields fields) {
        Map<Integer, Float> bias = new LinkedHashMap<>();
        fields.any("logit_bias")
                .ifPresent(value -> fields.objectNode("logit_bias", value)
                        .properties()
                        .forEach(entry ->
                                bias.put(Integer.valueOf(entry.getKey()), WireFormat.toFloat(entry.getValue()))));
        return bias;
    }
}
