package io.yuebing.engine;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.ServiceException;
import io.yuebing.kv.LayerGroup;
import java.util.Collection;
import java.util.List;
import java.util.function.ToIntFunction;

/** Refuses what an engine could never compute, before it costs anything. */
record RequestLimits(EngineConfig config, List<LayerGroup> groups, int vocabSize) {

    /**
     * Checks a request that is to be completed here.
     *
     * @throws ServiceException {@link ErrorCode#INVALID_REQUEST} naming the field and both numbers
     */
    void checkGenerate(GenerateRequest request) {
        check(request);
        int prompt = request.promptTokens().length;
        long atMost = Math.min((long) prompt + request.sampling().maxTokens(), config.maxModelLength());
        // The last token's keys and values are never computed.
        int tokens = (int) Math.max(prompt, atMost - 1);
        checkFits(
                request,
                tokens,
                blocks(group -> group.mostBlocks(tokens, config.maxBatchedTokens(), config.blockSize())));
    }

    /** Checks a request whose prompt is computed here and continued elsewhere; throws as {@link #checkGenerate}. */
    void checkPrefill(GenerateRequest request) {
        check(request);
        int tokens = request.promptTokens().length + request.outputTokens().length;
        checkFits(
                request,
                tokens,
                blocks(group -> group.mostBlocksSetAside(tokens, config.maxBatchedTokens(), config.blockSize())));
    }

    /** Checks a request that continues on reserved blocks; throws as {@link #checkGenerate}. */
    void checkResume(GenerateRequest request, int reservedTokens) {
        checkGenerate(request);
        int prompt = request.promptTokens().length;
        int known = prompt + request.outputTokens().length;
        if (reservedTokens < Math.min(prompt, known - 1) || reservedTokens >= known) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST,
                    "The reservation holds " + reservedTokens + " tokens, but the request has " + prompt
                            + " prompt tokens and " + request.outputTokens().length
                            + " output tokens; expected all of the prompt and not the last token of all.",
                    "kv_transfer_params");
        }
    }

    /** Checks that a reservation can ever be granted. */
    void checkReserve(int tokens) {
        int blocks = reservedBlocks(tokens);
        if (tokens < 1 || blocks > config.blocks()) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST,
                    "A reservation of " + tokens + " tokens needs " + blocks + " KV blocks; this engine has "
                            + config.blocks() + " blocks of " + config.blockSize() + " tokens.",
                    "prompt");
        }
    }

    private int blocks(ToIntFunction<LayerGroup> ofGroup) {
        return groups.stream().mapToInt(ofGroup).reduce(0, Math::addExact);
    }

    /** Blocks that a reservation takes. */
    int reservedBlocks(int tokens) {
        return BlockOrder.of(groups, tokens, tokens, config.blockSize()).size();
    }

    private void check(GenerateRequest request) {
        SamplingParams sampling = request.sampling().validate();
        int prompt = request.promptTokens().length;
        if (prompt > config.maxModelLength() || (prompt == config.maxModelLength() && sampling.maxTokens() > 0)) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST,
                    "This model's maximum context length is " + config.maxModelLength()
                            + " tokens. However, you requested " + prompt + " tokens in the prompt"
                            + (sampling.maxTokens() > 0 ? " and at least 1 token of output" : "")
                            + ". Please reduce the length of the prompt.",
                    "prompt");
        }
        checkIds(request.promptTokens());
        checkIds(request.outputTokens());
        checkIds("stop_token_ids", sampling.stopTokenIds());
        checkIds("logit_bias", sampling.logitBias().keySet());
        checkIds("logprob_token_ids", sampling.logprobTokenIds());
        checkIds("allowed_token_ids", sampling.allowedTokenIds());
        sampling.badWords().forEach(word -> checkIds("bad_words", word));
        sampling.thinkingBudget().ifPresent(budget -> checkIds("thinking_token_budget", budget.close()));
    }

    private void checkIds(String field, Collection<Integer> ids) {
        ids.forEach(id -> checkId(field, id));
    }

    /** Checks that tokens are in the vocabulary. */
    void checkIds(int[] tokens) {
        for (int id : tokens) {
            checkId("prompt", id);
        }
    }

    private void checkFits(GenerateRequest request, int tokens, int blocks) {
        if (blocks > config.blocks()) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST,
                    "This request needs up to " + blocks + " KV blocks (" + request.promptTokens().length
                            + " tokens in the prompt, " + tokens + " in all), but this engine has " + config.blocks()
                            + " blocks of " + config.blockSize()
                            + " tokens. Reduce the prompt or max_tokens, or give the engine a larger KV cache.",
                    "max_tokens");
        }
    }

    private void checkId(String field, int id) {
        if (id < 0 || id >= vocabSize) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST,
                    field + " contains token id " + id + ", which is not in the model's vocabulary [0, "
                            + (vocabSize - 1) + "]",
                    field);
        }
    }
}
