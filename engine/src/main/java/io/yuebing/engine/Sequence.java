package io.yuebing.engine;

import io.yuebing.api.FinishReason;
import io.yuebing.api.GenerateEvent.Finished;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.RepetitionDetection;
import io.yuebing.api.SampledToken;
import io.yuebing.api.SamplingParams;
import io.yuebing.kv.BlockTables;
import io.yuebing.kv.LayerGroup;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One request on its way through the engine: its tokens, how many of them are computed, the blocks it holds.
 *
 * <pre>
 *   prompt tokens       | output tokens          |
 *   ------------------- computed ------|---------|
 *                                      |         length (grows by each sampled token)
 *                                      keys and values of all tokens before are in the blocks
 * </pre>
 *
 * Each step computes some of the tokens between computed and length; when all are, the next one is sampled.
 */
final class Sequence {
    private final GenerateRequest request;
    private final @Nullable ConstrainedOutput output;
    private final int[] eosTokenIds;
    private final int[] stopTokenIds;
    private final int maxLength;
    private final SequenceStream stream;
    private final @Nullable KvSink sink;
    private final LogitAdjustments adjustments;
    private final @Nullable RepetitionDetection repetition;

    private int[] tokens;
    private int length;
    private int computed;

    private final BlockTables blocks;
    private final BlockOrder order;
    private int[] listedBlocks = {};
    /** How many blocks there were when they were listed. */
    private int listedOf;

    private final HashChain hashes;
    /** For each group of layers how many leading blocks have been offered to the prefix cache. */
    private final int[] registeredBlocks;

    private int cachedTokens = -1;
    private boolean announced;
    private boolean promptDone;
    private boolean over;
    private List<SampledToken> promptLogprobs = new ArrayList<>();

    /**
     * @param output what the output's text must be, after the output that the request brings along; null = anything
     * @param eosTokenIds the model's end-of-sequence ids
     * @param config of the engine
     * @param groups of the model's layers
     * @param sink where the prompt's KV cache goes; null = the sequence stays here
     * @param cancel told of the sequence when its reader leaves before the end
     */
    Sequence(
            GenerateRequest request,
            @Nullable ConstrainedOutput output,
            List<Integer> eosTokenIds,
            EngineConfig config,
            List<LayerGroup> groups,
            @Nullable KvSink sink,
            Consumer<Sequence> cancel) {
        this.request = request;
        this.output = output;
        this.eosTokenIds = toArray(request.sampling().ignoreEos() ? List.of() : eosTokenIds);
        stopTokenIds = toArray(request.sampling().stopTokenIds());
        maxLength = config.maxModelLength();
        this.stream = new SequenceStream(() -> cancel.accept(this));
        this.sink = sink;
        this.hashes = new HashChain(request.cacheSalt());
        int[] outputs = request.outputTokens();
        adjustments = new LogitAdjustments(request.sampling(), eosTokenIds, request.promptTokens(), outputs);
        repetition = request.sampling().repetitionDetection().orElse(null);
        length = request.promptTokens().length + outputs.length;
        tokens = Arrays.copyOf(request.promptTokens(), length + 64);
        System.arraycopy(outputs, 0, tokens, request.promptTokens().length, outputs.length);
        blocks = new BlockTables(groups.size());
        registeredBlocks = new int[groups.size()];
        order = BlockOrder.of(groups, length, length - (sink == null ? 0 : sink.computedAgain()), config.blockSize());
    }

    String id() {
        return request.requestId();
    }

    SamplingParams sampling() {
        return request.sampling();
    }

    LogitAdjustments adjustments() {
        return adjustments;
    }

    /** What the output's text must be; null = anything. */
    @Nullable
    ConstrainedOutput output() {
        return output;
    }

    SequenceStream stream() {
        return stream;
    }

    @Nullable
    KvSink sink() {
        return sink;
    }

    /** Ends the sequence's life in the engine; false if it has ended already. */
    boolean leave() {
        boolean first = !over;
        over = true;
        return first;
    }

    // ---- tokens

    int promptLength() {
        return request.promptTokens().length;
    }

    /** Tokens known. */
    int length() {
        return length;
    }

    int token(int position) {
        return tokens[position];
    }

    void copyTokens(int from, int count, int[] target, int at) {
        System.arraycopy(tokens, from, target, at, count);
    }

    int[] tokens() {
        return tokens;
    }

    /** Leading tokens whose keys and values are in the blocks. */
    int computed() {
        return computed;
    }

    void computed(int value) {
        computed = value;
    }

    /** Tokens still to compute before the next one can be sampled. */
    int missing() {
        return length - computed;
    }

    /** Appends a generated token. */
    void append(int token) {
        if (length == tokens.length) {
            tokens = Arrays.copyOf(tokens, length * 2);
        }
        tokens[length++] = token;
        adjustments.generated(token);
        if (output != null && !contains(eosTokenIds, token)) {
            output.accept(token);
        }
    }

    /** Why the sequence ends with the token it has last, if it does. */
    Optional<Finished> end() {
        int outputs = length - promptLength();
        if (outputs > 0) {
            int last = tokens[length - 1];
            if (contains(eosTokenIds, last)) {
                return Optional.of(new Finished(FinishReason.STOP, OptionalInt.empty()));
            }
            if (contains(stopTokenIds, last)) {
                return Optional.of(new Finished(FinishReason.STOP, OptionalInt.of(last)));
            }
        }
        if (output != null && outputs > 0 && output.complete()) {
            return Optional.of(new Finished(FinishReason.STOP, OptionalInt.empty()));
        }
        if (outputs >= sampling().maxTokens() || length >= maxLength) {
            return Optional.of(new Finished(FinishReason.LENGTH, OptionalInt.empty()));
        }
        return repeats(outputs)
                ? Optional.of(new Finished(FinishReason.REPETITION, OptionalInt.empty()))
                : Optional.empty();
    }

    private boolean repeats(int outputs) {
        return repetition != null
                && outputs >= sampling().minTokens()
                && repetition.repeats(tokens, promptLength(), length);
    }

    private static int[] toArray(List<Integer> ids) {
        return ids.stream().mapToInt(id -> id).toArray();
    }

    private static boolean contains(int[] ids, int wanted) {
        for (int id : ids) {
            if (id == wanted) {
                return true;
            }
        }
        return false;
    }

    // ---- blocks

    BlockTables blocks() {
        return blocks;
    }

    /** How the blocks of a sequence that is handed off are listed. */
    BlockOrder order() {
        return order;
    }

    /** The blocks of a sequence that is handed off, in their {@link #order}; those taken do not change once it runs. */
    int[] listedBlocks() {
        if (listedOf != blocks.size()) {
            listedBlocks = order.list(blocks);
            listedOf = blocks.size();
        }
        return listedBlocks;
    }

    /** First position that somebody else computes: blocks that it attends to stay with the sequence until then. */
    int continuesAt() {
        return sink == null ? Integer.MAX_VALUE : order.next();
    }

    int registeredBlocks(int group) {
        return registeredBlocks[group];
    }

    void registeredBlocks(int group, int value) {
        registeredBlocks[group] = value;
    }

    HashChain hashes() {
        return hashes;
    }

    /** Leading tokens that may come from the prefix cache: their logits are not needed, or known already. */
    int reusableTokens() {
        return wantsPromptLogprobs() ? promptLogprobs.size() : length - 1;
    }

    /** Remembers how much of the prompt the prefix cache had when the sequence first ran. */
    void admitted(int fromCache) {
        if (cachedTokens < 0) {
            cachedTokens = Math.min(fromCache, promptLength());
        }
    }

    int cachedTokens() {
        return Math.max(0, cachedTokens);
    }

    /** True for the first call: blocks that came from the prefix cache are announced to the sink once. */
    boolean announce() {
        boolean first = !announced;
        announced = true;
        return first;
    }

    // ---- prompt

    /** True until the client has been told that the prompt is done. */
    boolean inPrompt() {
        return !promptDone;
    }

    void promptDone() {
        promptDone = true;
        promptLogprobs = List.of();
    }

    private boolean wantsPromptLogprobs() {
        return !promptDone && sampling().promptLogprobs() >= 0;
    }

    /** Whether the logits at {@code position} are needed to describe the prompt's next token. */
    boolean scores(int position) {
        return wantsPromptLogprobs() && position + 1 < promptLength() && position >= promptLogprobs.size();
    }

    void scored(SampledToken token) {
        promptLogprobs.add(token);
    }

    List<SampledToken> promptLogprobs() {
        return List.copyOf(promptLogprobs);
    }
}
