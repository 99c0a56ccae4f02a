package io.yuebing.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import io.yuebing.kv.KvAxis;
import io.yuebing.kv.KvCache;
import io.yuebing.kv.KvLayout;
import io.yuebing.model.CausalLm.LayerListener;
import io.yuebing.model.CausalLm.LogitsSink;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DecoderTest {
    private static final LogitsSink NO_LOGITS = (index, buffer, offset) -> {};

    @TempDir
    Path dir;

    private ModelRun run(TinyModel model) {
        return ModelRun.open(model.write(), ComputeMode.F32, 2, ElementType.F32);
    }

    /**
     * With a window of w a token sees w - 1 earlier ones in each sliding layer, so what it knows reaches back
     * (layers x (w - 1)) positions and no further.
     */
    @ParameterizedTest
    @CsvSource({"0, 10", "1, 35"})
    void aSlidingWindowEndsExactlyAtItsSize(int firstSlidingLayer, int reach) {
        TinyModel tiny = new TinyModel(dir)
                .config("use_sliding_window", true)
                .config("sliding_window", 6)
                .config("max_window_layers", firstSlidingLayer);
        int[] ids = new int[36];
        Arrays.setAll(ids, i -> i % TinyModel.VOCAB);
        try (ModelRun run = run(tiny)) {
            float[] last = run.logits(ids, 36)[35];
            for (int back = 1; back <= 35; back++) {
                int[] changed = ids.clone();
                changed[35 - back] = 63;
                boolean same = Arrays.equals(run.logits(changed, 36)[35], last);
                assertThat(same)
                        .as("token %d positions back leaves no trace", back)
                        .isEqualTo(back > reach);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"false, 0", "true, 2"})
    void aWindowThatIsTurnedOffOrOfNoLayerDoesNothing(boolean use, int firstSlidingLayer) {
        int[] ids = new int[20];
        Arrays.setAll(ids, i -> i % TinyModel.VOCAB);
        float[] plain;
        try (ModelRun run = run(new TinyModel(dir))) {
            plain = run.logits(ids, 20)[19];
        }
        TinyModel windowed = new TinyModel(dir)
                .config("use_sliding_window", use)
                .config("sliding_window", 4)
                .config("max_window_layers", firstSlidingLayer);
        try (ModelRun run = run(windowed)) {
            assertThat(run.logits(ids, 20)[19]).containsExactly(plain);
        }
    }

    @Test
    void layersAreAnnouncedInOrderOnceTheirKeysAndValuesAreWritten() {
        try (ModelRun run = run(new TinyModel(dir))) {
            KvLayout layout = run.cache.layout();
            List<Integer> announced = new ArrayList<>();
            LayerListener listener = layer -> {
                announced.add(layer);
                long lastSlot = 4L * layout.stride(KvAxis.TOKEN);
                assertThat(run.cache.block(layer, 9).get(ValueLayout.JAVA_FLOAT, lastSlot))
                        .isNotZero();
            };
            ForwardBatch batch = new ForwardBatch(
                    new int[] {1, 2, 3, 4, 5}, List.of(new ForwardBatch.Span(0, 5, 0, new int[] {9})), new int[0]);
            run.model.forward(batch, run.cache, listener, NO_LOGITS);
            assertThat(announced).containsExactly(0, 1);
        }
    }

    @Test
    void logitsComeInTheOrderAskedFor() {
        try (ModelRun run = run(new TinyModel(dir))) {
            int[] ids = new int[40];
            Arrays.setAll(ids, i -> i);
            float[][] all = run.logits(ids, 40);
            int[] wanted = new int[20];
            Arrays.setAll(wanted, i -> 2 * i + 1);
            List<Integer> indexes = new ArrayList<>();
            run.model.forward(
                    new ForwardBatch(ids, List.of(new ForwardBatch.Span(0, 40, 0, ModelRun.blocksFor(40, 0))), wanted),
                    run.cache,
                    LayerListener.NONE,
                    (index, buffer, offset) -> {
                        indexes.add(index);
                        assertThat(run.row(buffer, offset)).containsExactly(all[wanted[index]]);
                    });
            assertThat(indexes).hasSize(20).isSorted();
        }
    }

    @Test
    void aFailedStepLeavesTheModelUsable() {
        try (ModelRun run = run(new TinyModel(dir))) {
            float[][] before = run.logits(new int[] {1, 2, 3}, 3);
            assertThatThrownBy(() -> run.logits(new int[] {1, 64, 3}, 3))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("token id 64 is not in [0, 63]");
            assertThat(run.logits(new int[] {1, 2, 3}, 3)).isDeepEqualTo(before);
        }
    }

    @Test
    void rowsOutsideOfEverySpanAreRefused() {
        try (ModelRun run = run(new TinyModel(dir))) {
            List<ForwardBatch.Span> gap = List.of(new ForwardBatch.Span(1, 2, 0, new int[] {0}));
            ForwardBatch batch = new ForwardBatch(new int[3], gap, new int[0]);
            assertThatThrownBy(() -> run.model.forward(batch, run.cache, LayerListener.NONE, NO_LOGITS))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void aCacheOfAnotherLayoutIsRefusedByName() {
        try (ModelRun run = run(new TinyModel(dir));
                Arena arena = Arena.ofShared()) {
            KvLayout other = KvLayout.nativeLayout(
                    TinyModel.LAYERS, 4, TinyModel.KV_HEADS, 16, TinyModel.HEAD_SIZE, ElementType.F32, "another model");
            KvCache cache = new KvCache(other, arena.allocate(other.byteSize(), 64));
            ForwardBatch batch =
                    new ForwardBatch(new int[1], List.of(new ForwardBatch.Span(0, 1, 0, new int[] {0})), new int[0]);
            assertThatThrownBy(() -> run.model.forward(batch, cache, LayerListener.NONE, NO_LOGITS))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("model fingerprint");
        }
    }
}
