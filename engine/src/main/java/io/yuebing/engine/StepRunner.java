package io.yuebing.engine;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.SampledToken;
import io.yuebing.api.ServiceException;
import io.yuebing.grammar.GrammarException;
import io.yuebing.grammar.OutputState;
import io.yuebing.kv.BlockTable;
import io.yuebing.kv.KvCache;
import io.yuebing.kv.LayerGroup;
import io.yuebing.model.CausalLm;
import io.yuebing.model.ForwardBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Carries out a {@link StepPlan}: one forward pass with sampling from its logits, announcing finished blocks to the sinks
 * of sequences that are handed off.
 *
 * <p>What goes wrong for one sequence is that sequence's failure; what the model throws ends the whole step.
 */
final class StepRunner {
    private static final int[][] NO_TABLES = {};

    private final CausalLm model;
    private final KvCache cache;
    /** For each layer of the model its group, and its place among the group's layers. */
    private final int[] groupOfLayer;

    private final int[] placeInGroup;
    private final int blockSize;
    private final Sampler sampler;
    private final MasksAhead masks = new MasksAhead();

    private final CausalLm.LayerListener announcing = this::announce;
    private final CausalLm.LogitsSink reading = this::read;

    // The step being run; kept, so that a step of the same shape as the last allocates nothing.
    private List<StepPlan.Slice> slices = List.of();
    private final List<ForwardBatch.Span> spans = new ArrayList<>();
    /** How far the sequences have come that sample within a constraint. */
    private final List<OutputState> constrained = new ArrayList<>();

    private final List<ForwardBatch.Span> unusedSpans = new ArrayList<>();
    private ForwardBatch batch = new ForwardBatch(new int[0], spans, new int[0]);
    private int[] logitRows = {};
    /** For each row whose logits are wanted the index of its slice. */
    private int[] logitSlices = {};

    // Results by slice of the last plan.
    private @Nullable SampledToken[] sampled = new SampledToken[0];
    private @Nullable ServiceException[] failures = new ServiceException[0];

    /** Whether what went wrong for a slice of the last plan would go wrong again. */
    private boolean computedWrongly;

    StepRunner(CausalLm model, KvCache cache) {
        this.model = model;
        this.cache = cache;
        List<LayerGroup> groups = model.layerGroups();
        groupOfLayer = new int[model.config().layers()];
        placeInGroup = new int[groupOfLayer.length];
        for (int group = 0; group < groups.size(); group++) {
            List<Integer> members = groups.get(group).layers();
            for (int place = 0; place < members.size(); place++) {
                groupOfLayer[members.get(place)] = group;
                placeInGroup[members.get(place)] = place;
            }
        }
        blockSize = cache.layout().blockSize();
        sampler = new Sampler(model.config().vocabSize());
    }

    /** The token sampled for a slice of the last plan; null if it was not time for one or the slice failed. */
    @Nullable
    SampledToken sampled(int slice) {
        return sampled[slice];
    }

    /** What went wrong for a slice of the last plan; null if nothing did. */
    @Nullable
    ServiceException failure(int slice) {
        return failures[slice];
    }

    /** Whether a slice of the last plan failed by what was computed, so that computing it again tells more. */
    boolean computedWrongly() {
        return computedWrongly;
    }

    /** The model that computes. */
    CausalLm model() {
        return model;
    }

    void run(StepPlan plan) {
        slices = plan.slices();
        computedWrongly = false;
        if (sampled.length < slices.size()) {
            sampled = new SampledToken[slices.size()];
            failures = new ServiceException[slices.size()];
        }
        Arrays.fill(sampled, null);
        Arrays.fill(failures, null);
        announceCached();
        prepare(plan.tokens());
        prepareMasks();
        model.forward(batch, cache, announcing, reading);
    }

    private void prepareMasks() {
        constrained.clear();
        for (StepPlan.Slice slice : slices) {
            ConstrainedOutput output = slice.sequence().output();
            if (output != null && !output.free() && samples(slice, slice.to() - 1)) {
                constrained.add(output.answer());
            }
        }
        masks.begin(constrained);
    }

    private void prepare(int rows) {
        int[] tokens = batch.tokens().length == rows ? batch.tokens() : new int[rows];
        if (logitRows.length < rows) {
            logitRows = new int[rows];
            logitSlices = new int[rows];
        }
        fitSpans(slices.size());
        int logitCount = 0;
        int row = 0;
        for (int i = 0; i < slices.size(); i++) {
            StepPlan.Slice slice = slices.get(i);
            Sequence sequence = slice.sequence();
            sequence.copyTokens(slice.from(), slice.tokens(), tokens, row);
            spans.get(i)
                    .set(row, slice.tokens(), slice.from(), sequence.blocks().arrays());
            for (int position = slice.from(); position < slice.to(); position++) {
                if (sequence.scores(position) || samples(slice, position)) {
                    logitRows[logitCount] = row + position - slice.from();
                    logitSlices[logitCount++] = i;
                }
            }
            row += slice.tokens();
        }
        int[] wanted = batch.logitRows().length == logitCount ? batch.logitRows() : new int[logitCount];
        System.arraycopy(logitRows, 0, wanted, 0, logitCount);
        if (tokens != batch.tokens() || wanted != batch.logitRows()) {
            batch = new ForwardBatch(tokens, spans, wanted);
        }
    }

    private void fitSpans(int count) {
        while (spans.size() > count) {
            unusedSpans.add(spans.removeLast());
        }
        while (spans.size() < count) {
            spans.add(unusedSpans.isEmpty() ? new ForwardBatch.Span(0, 0, 0, NO_TABLES) : unusedSpans.removeLast());
        }
    }

    /** Whether the logits at {@code position} are those the next token is sampled from. */
    private static boolean samples(StepPlan.Slice slice, int position) {
        Sequence sequence = slice.sequence();
        return position + 1 == sequence.length() && sequence.sampling().maxTokens() > 0;
    }

    /** Takes the logits of one row. */
    private void read(int logit, float[] logits, int offset) {
        int index = logitSlices[logit];
        if (failures[index] != null) {
            return;
        }
        StepPlan.Slice slice = slices.get(index);
        int position = slice.from() + logitRows[logit] - spans.get(index).firstRow();
        Sequence sequence = slice.sequence();
        try {
            if (samples(slice, position)) {
                constrain(sequence, logits, offset);
                sampled[index] =
                        sampler.sample(logits, offset, sequence.sampling(), sequence.adjustments(), position + 1);
            } else {
                sequence.scored(sampler.score(
                        logits,
                        offset,
                        sequence.token(position + 1),
                        sequence.sampling().promptLogprobs(),
                        position + 1));
            }
        } catch (ServiceException e) {
            failures[index] = e;
            computedWrongly |= e.code() == ErrorCode.INTERNAL;
        }
    }

    /** Leaves only the tokens that the sequence's constraint allows. */
    private void constrain(Sequence sequence, float[] logits, int offset) {
        ConstrainedOutput output = sequence.output();
        if (output == null) {
            return;
        }
        masks.await();
        try {
            if (!output.mask(logits, offset, model.config().vocabSize())) {
                throw new ServiceException(
                        ErrorCode.INVALID_REQUEST,
                        "No token of this model's vocabulary continues the answer within its constraint.",
                        "structured_outputs");
            }
        } catch (GrammarException e) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST, String.valueOf(e.getMessage()), "structured_outputs", e);
        }
    }

    /** Announces blocks that came from the prefix cache: they are final in all layers already. */
    private void announceCached() {
        for (int i = 0; i < slices.size(); i++) {
            StepPlan.Slice slice = slices.get(i);
            KvSink sink = slice.sequence().sink();
            if (sink != null && slice.sequence().announce() && slice.from() > 0) {
                for (int layer = 0; layer < groupOfLayer.length; layer++) {
                    announce(i, sink, layer, 0, slice.from() / blockSize);
                }
            }
        }
    }

    /** Announces blocks that this step has completed in a layer. */
    private void announce(int layer) {
        for (int i = 0; i < slices.size(); i++) {
            StepPlan.Slice slice = slices.get(i);
            KvSink sink = slice.sequence().sink();
            if (sink != null) {
                int to = slice.completes() ? BlockTable.blocksFor(slice.to(), blockSize) : slice.to() / blockSize;
                announce(i, sink, layer, slice.from() / blockSize, to);
            }
        }
    }

    /** Announces those of a layer's blocks that are listed, neighbours in the list together. */
    private void announce(int slice, KvSink sink, int layer, int from, int to) {
        int group = groupOfLayer[layer];
        Sequence sequence = slices.get(slice).sequence();
        BlockOrder order = sequence.order();
        for (int block = Math.max(from, order.first(group)); block < to; ) {
            int first = order.place(group, block);
            int end = first;
            while (block < to && order.place(group, block) == end) {
                end++;
                block++;
            }
            announceListed(slice, sink, placeInGroup[layer], sequence.listedBlocks(), first, end);
        }
    }

    private void announceListed(int slice, KvSink sink, int layer, int[] blockIds, int from, int to) {
        if (failures[slice] != null) {
            return;
        }
        try {
            sink.layerWritten(layer, blockIds, from, to);
        } catch (RuntimeException e) {
            failures[slice] = new ServiceException(
                    ErrorCode.INTERNAL,
                    "Announcing KV blocks " + from + ".." + (to - 1) + " of layer " + layer
                            + " for their transfer failed: " + e,
                    null,
                    e);
        }
    }
}
