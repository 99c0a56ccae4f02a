package io.yuebing.dialect;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.GenerationDefaults;
import io.yuebing.api.ModelInfo;
import io.yuebing.api.RepetitionDetection;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.ServiceException;
import io.yuebing.api.ThinkingBudget;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import tools.jackson.databind.JsonNode;

/**
 * The sampling fields that completions and chat share; unset ones take the model's own defaults.
 *
 * @param params everything but {@code max_tokens} and {@code seed}, which differ from sequence to sequence
 * @param seed absent = a random one
 * @param n choices per prompt
 */
record SamplingFields(SamplingParams.Builder params, OptionalLong seed, int n) {
    /** vLLM's limit. */
    private static final int MOST_LOGPROB_IDS = 128;

    static SamplingFields read(RequestFields fields, ServedModel served, SurfaceOptions options) {
        ModelInfo model = served.info();
        GenerationDefaults defaults = model.generation();
        int topK = fields.integer("top_k", -1, Integer.MAX_VALUE)
                .orElse(defaults.topK().orElse(0));
        SamplingParams.Builder params = SamplingParams.builder()
                .temperature(
                        fields.number("temperature").or(defaults::temperature).orElse(1.0))
                .topP(fields.number("top_p").or(defaults::topP).orElse(1.0))
                .topK(Math.max(0, topK))
                .minP(fields.number("min_p").or(defaults::minP).orElse(0.0))
                .presencePenalty(fields.number("presence_penalty").orElse(0.0))
                .frequencyPenalty(fields.number("frequency_penalty").orElse(0.0))
                .repetitionPenalty(fields.number("repetition_penalty")
                        .or(defaults::repetitionPenalty)
                        .orElse(1.0))
                .minTokens(fields.integer("min_tokens", 0, Integer.MAX_VALUE).orElse(0))
                .stopTokenIds(fields.tokenIds("stop_token_ids", model.vocabSize()).stream()
                        .distinct()
                        .toList())
                .ignoreEos(fields.flag("ignore_eos", false))
                .logitBias(logitBias(fields, model.vocabSize()))
                .logprobTokenIds(logprobTokenIds(fields, model.vocabSize()))
                .allowedTokenIds(allowedTokenIds(fields, model.vocabSize()))
                .badWords(BadWordTokens.read(fields, served.tokenizer()))
                .repetitionDetection(
                        fields.object("repetition_detection").flatMap(SamplingFields::repetitionDetection));
        int n = fields.integer("n", 1, options.maxSequences()).orElse(1);
        if (n > 1 && params.build().isGreedy()) {
            throw RequestFields.bad("n", "n must be 1 when using greedy sampling (temperature 0), got " + n);
        }
        OptionalLong seed = fields.longInteger("seed");
        // vLLM's way of saying "no seed"
        return new SamplingFields(params, seed.isPresent() && seed.getAsLong() == -1 ? OptionalLong.empty() : seed, n);
    }

    /** For a prompt that is to be computed and continued elsewhere: one choice, nothing asked of its length. */
    SamplingFields ofPromptOnly() {
        return new SamplingFields(params.minTokens(0), seed, 1);
    }

    /** The sampling of one sequence. */
    SamplingParams of(
            int maxTokens, int promptLogprobs, int logprobs, Optional<ThinkingBudget> thinking, long sequenceSeed) {
        return params.maxTokens(maxTokens)
                .thinkingBudget(thinking)
                .promptLogprobs(promptLogprobs)
                .logprobs(logprobs)
                .seed(sequenceSeed)
                .build()
                .validate();
    }

    static List<String> stopStrings(RequestFields fields) {
        JsonNode value = fields.any("stop").orElse(null);
        if (value == null) {
            return List.of();
        }
        List<String> stops = new ArrayList<>();
        if (value.isString()) {
            stops.add(value.stringValue());
        } else if (value.isArray()) {
            for (JsonNode element : value) {
                if (!element.isString()) {
                    throw fields.wrongType("stop", "a string or an array of strings", element);
                }
                stops.add(element.stringValue());
            }
        } else {
            throw fields.wrongType("stop", "a string or an array of strings", value);
        }
        if (stops.contains("")) {
            throw RequestFields.bad("stop", "stop must not contain an empty string");
        }
        return List.copyOf(stops);
    }

    private static List<Integer> logprobTokenIds(RequestFields fields, int vocabSize) {
        List<Integer> ids = fields.tokenIds("logprob_token_ids", vocabSize).stream()
                .distinct()
                .toList();
        if (ids.size() > MOST_LOGPROB_IDS) {
            throw RequestFields.bad(
                    "logprob_token_ids",
                    "logprob_token_ids may hold at most " + MOST_LOGPROB_IDS + " ids, got " + ids.size());
        }
        return ids;
    }

    private static List<Integer> allowedTokenIds(RequestFields fields, int vocabSize) {
        List<Integer> ids = fields.tokenIds("allowed_token_ids", vocabSize);
        if (ids.isEmpty() && fields.any("allowed_token_ids").isPresent()) {
            throw RequestFields.bad("allowed_token_ids", "allowed_token_ids must not be an empty array");
        }
        return ids.stream().distinct().toList();
    }

    /** As in vLLM, a largest pattern of 0 tokens turns it off, and a smallest of 0 means 1. */
    private static Optional<RepetitionDetection> repetitionDetection(RequestFields fields) {
        int max = fields.integer("max_pattern_size", 0, Integer.MAX_VALUE).orElse(0);
        int min = fields.integer("min_pattern_size", 0, Integer.MAX_VALUE).orElse(0);
        int count = fields.integer("min_count", 0, Integer.MAX_VALUE).orElse(0);
        return max == 0 && min == 0
                ? Optional.empty()
                : Optional.of(new RepetitionDetection(Math.max(1, min), max, count));
    }

    private static Map<Integer, Float> logitBias(RequestFields fields, int vocabSize) {
        Map<Integer, Float> bias = new LinkedHashMap<>();
        fields.any("logit_bias")
                .map(value -> fields.objectNode("logit_bias", value))
                .ifPresent(object -> object.properties()
                        .forEach(entry -> bias.put(biasedId(entry.getKey(), vocabSize), (float)
                                fields.number("logit_bias", entry.getValue()))));
        return bias;
    }

    private static int biasedId(String key, int vocabSize) {
        try {
            int id = Integer.parseInt(key);
            if (id >= 0 && id < vocabSize) {
                return id;
            }
        } catch (NumberFormatException e) {
            // told below
        }
        throw RequestFields.bad(
                "logit_bias",
                "logit_bias must map token ids in [0, " + (vocabSize - 1) + "] to numbers, got the key \"" + key
                        + "\"");
    }

    /**
     * How many tokens may be generated after a prompt.
     *
     * @param requested absent = as many as fit
     * @param promptField the request's field that holds the prompt
     * @throws ServiceException 400 with both numbers, if prompt and output do not fit into the context together
     */
    static int outputTokens(ModelInfo model, int promptTokens, OptionalInt requested, String promptField) {
        int limit = model.maxModelLength();
        String head = "This model's maximum context length is " + limit + " tokens. However, ";
        if (promptTokens > limit || (promptTokens == limit && requested.orElse(1) > 0)) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST,
                    head + "your request has " + promptTokens + " tokens in the " + promptField
                            + ", which leaves no room for output. Please shorten the " + promptField + ".",
                    promptField);
        }
        if (requested.isEmpty()) {
            return limit - promptTokens;
        }
        long total = (long) promptTokens + requested.getAsInt();
        if (total > limit) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST,
                    head + "you requested " + total + " tokens (" + promptTokens + " in the " + promptField + ", "
                            + requested.getAsInt() + " in the completion). Please shorten the " + promptField
                            + " or the completion.",
                    promptField);
        }
        return requested.getAsInt();
    }
}
