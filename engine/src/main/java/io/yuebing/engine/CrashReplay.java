package io.yuebing.engine;

import io.yuebing.kv.KvCache;
import io.yuebing.kv.KvLayout;
import io.yuebing.model.CausalLm;
import io.yuebing.model.ForwardBatch;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Computes a step that failed once more, and watches where values leave the finite range.
 *
 * <p>The tokens before the step are computed first, sequence by sequence, since their keys and values are not in the dump.
 * Blocks are numbered anew from 0, equal numbers staying equal, so that the cache is no larger than the step needs;
 * those that a sequence had given back are its own again.
 */
public final class CrashReplay {
    private final CausalLm model;
    private final CrashDump dump;
    private final KvCache cache;
    private final List<int[][]> blockTables;
    private final FiniteWatch watch;

    private CrashReplay(CausalLm model, CrashDump dump, KvCache cache, List<int[][]> blockTables) {
        this.model = model;
        this.dump = dump;
        this.cache = cache;
        this.blockTables = blockTables;
        watch = new FiniteWatch(model.config().layers());
    }

    /**
     * What the replay found.
     *
     * @param stages in the order of computation, each over all of the dump's tokens
     * @param thrown what the model threw, if it did
     */
    public record Report(List<FiniteWatch.Stage> stages, Optional<Throwable> thrown) {

        /** The first stage with a value that is not finite. */
        public Optional<FiniteWatch.Stage> first() {
            return stages.stream().filter(stage -> stage.notFinite() > 0).findFirst();
        }
    }

    /** Computes the step with a model that nobody else uses meanwhile. */
    public static Report run(CausalLm model, CrashDump dump) {
        List<int[][]> blockTables = new ArrayList<>();
        int blocks = renumber(dump, blockTables);
        try (Arena arena = Arena.ofShared()) {
            KvLayout layout = model.kvLayout(
                    blocks, dump.config().blockSize(), dump.config().kvType());
            KvCache cache = new KvCache(layout, arena.allocate(layout.byteSize(), 64));
            return new CrashReplay(model, dump, cache, blockTables).run();
        }
    }

    private static int renumber(CrashDump dump, List<int[][]> blockTables) {
        Map<Integer, Integer> numbers = new HashMap<>();
        int blocks = 0;
        for (CrashDump.Slice slice : dump.slices()) {
            int[][] tables = new int[slice.blockTables().length][];
            for (int group = 0; group < tables.length; group++) {
                tables[group] = slice.blockTables()[group].clone();
                for (int i = 0; i < tables[group].length; i++) {
                    Integer known =
                            i < slice.blocksGivenBack()[group] ? null : numbers.putIfAbsent(tables[group][i], blocks);
                    tables[group][i] = known != null ? known : blocks++;
                }
            }
            blockTables.add(tables);
        }
        return blocks;
    }

    private Report run() {
        model.observe(watch);
        try {
            for (int i = 0; i < dump.slices().size(); i++) {
                computePrefix(i);
            }
            computeStep();
            return new Report(watch.stages(), Optional.empty());
        } catch (RuntimeException | Error e) {
            return new Report(watch.stages(), Optional.of(e));
        } finally {
            model.observe(CausalLm.LayerProbe.NONE);
        }
    }

    private void computePrefix(int index) {
        CrashDump.Slice slice = dump.slices().get(index);
        for (int from = 0; from < slice.from(); ) {
            int to = Math.min(slice.from(), from + dump.config().maxBatchedTokens());
            compute(List.of(index), List.of(new Range(from, to)));
            from = to;
        }
    }

    private void computeStep() {
        List<Integer> all = new ArrayList<>();
        List<Range> ranges = new ArrayList<>();
        for (int i = 0; i < dump.slices().size(); i++) {
            all.add(i);
            ranges.add(
                    new Range(dump.slices().get(i).from(), dump.slices().get(i).to()));
        }
        compute(all, ranges);
    }

    /** Positions {@code from .. to - 1}. */
    private record Range(int from, int to) {}

    private void compute(List<Integer> indices, List<Range> ranges) {
        List<ForwardBatch.Span> spans = new ArrayList<>();
        List<FiniteWatch.Row> rows = new ArrayList<>();
        List<Integer> logitRows = new ArrayList<>();
        for (int i = 0; i < indices.size(); i++) {
            CrashDump.Slice slice = dump.slices().get(indices.get(i));
            Range range = ranges.get(i);
            spans.add(new ForwardBatch.Span(
                    rows.size(), range.to() - range.from(), range.from(), blockTables.get(indices.get(i))));
            for (int position = range.from(); position < range.to(); position++) {
                if (wantsLogits(slice, position)) {
                    logitRows.add(rows.size());
                }
                rows.add(new FiniteWatch.Row(slice.request(), position, slice.tokens()[position]));
            }
        }
        watch.begin(rows);
        int[] tokens = rows.stream().mapToInt(FiniteWatch.Row::token).toArray();
        int[] wanted = logitRows.stream().mapToInt(row -> row).toArray();
        int vocabulary = model.config().vocabSize();
        model.forward(
                new ForwardBatch(tokens, spans, wanted),
                cache,
                CausalLm.LayerListener.NONE,
                (index, buffer, offset) -> watch.logits(wanted[index], buffer, offset, vocabulary));
    }

    /** As in the step: where the next token is sampled or the prompt is scored. */
    private static boolean wantsLogits(CrashDump.Slice slice, int position) {
        boolean samples = position + 1 == slice.length();
        boolean scores = slice.sampling().promptLogprobs() >= 0
                && position >= slice.from()
                && position + 1 < slice.promptLength();
        return samples || scores;
    }
}
