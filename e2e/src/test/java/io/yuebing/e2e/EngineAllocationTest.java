package io.yuebing.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.GenerationDefaults;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.TokenStream;
import io.yuebing.engine.Engine;
import io.yuebing.engine.EngineConfig;
import io.yuebing.kv.ElementType;
import io.yuebing.kv.KvCache;
import io.yuebing.kv.KvLayout;
import io.yuebing.model.CausalLm;
import io.yuebing.model.ForwardBatch;
import io.yuebing.model.ModelConfig;
import io.yuebing.model.StepCost;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Planning, sampling and bookkeeping of a step allocate little beside the two records that a token's reader gets. */
@Timeout(60)
class EngineAllocationTest {
    private static final int BATCH = 8;
    private static final int WARM_UP = 1500;
    private static final int STEPS = 200;
    private static final int BLOCK_SIZE = 16;

    /** {@code SampledToken} and {@code GenerateEvent.Token}, without compressed headers. */
    private static final int BYTES_PER_TOKEN = 32 + 16;

    /** Two iterators over the sequences and reservations that hold blocks. */
    private static final int BYTES_PER_STEP = 40 + 40;

    /** For a token array, a block table and an event queue that grow once more. */
    private static final int BYTES_PER_SEQUENCE = 16 * 1024;

    /** A model whose steps allocate nothing; it looks at the thread's account between them. */
    private static final class QuietModel implements CausalLm {
        private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        private final float[] logits = new float[config().vocabSize()];
        private int steps;
        private long before;
        private volatile long allocated = -1;

        @Override
        public ModelConfig config() {
            return new ModelConfig("Quiet", 1, 8, 2, 2, 4, 5000, 8192, List.of(1), GenerationDefaults.NONE);
        }

        @Override
        public String fingerprint() {
            return "quiet";
        }

        @Override
        public StepCost cost() {
            return new StepCost(0, 0, 0, 0);
        }

        @Override
        public KvLayout kvLayout(int blocks, int blockSize, ElementType elementType) {
            return KvLayout.nativeLayout(1, blocks, 1, blockSize, 1, elementType, fingerprint());
        }

        @Override
        public void forward(ForwardBatch batch, KvCache cache, LayerListener layerListener, LogitsSink sink) {
            layerListener.layerWritten(0);
            for (int index = 0; index < batch.logitRows().length; index++) {
                for (int id = 0; id < logits.length; id++) {
                    logits[id] = (id * 31 + steps * 7 + index) % 97 * 0.1f;
                }
                sink.accept(index, logits, 0);
            }
            steps++;
            if (batch.tokens().length == BATCH && steps == WARM_UP) {
                before = threads.getCurrentThreadAllocatedBytes();
            }
            if (steps == WARM_UP + STEPS) {
                allocated = threads.getCurrentThreadAllocatedBytes() - before;
            }
        }

        @Override
        public void close() {}
    }

    @Test
    void aStepAllocatesLittleBesideWhatItsReadersGet() throws InterruptedException {
        SamplingParams.Builder base =
                SamplingParams.builder().maxTokens(WARM_UP + STEPS + 10).ignoreEos(true);
        List<SamplingParams> kinds = List.of(
                base.temperature(0).build(),
                base.temperature(0.8).topP(0.9).build(),
                base.topP(1).topK(40).build(),
                base.topK(0).minP(0.05).repetitionPenalty(1.1).build());
        QuietModel model = new QuietModel();
        EngineConfig config = new EngineConfig(BLOCK_SIZE, 2000, 512, BATCH, BATCH, 4096, ElementType.F32, false, "0");
        try (Engine engine = Engine.start(model, config)) {
            List<TokenStream> streams = new ArrayList<>();
            for (int i = 0; i < BATCH; i++) {
                SamplingParams sampling = kinds.get(i % kinds.size());
                streams.add(engine.generate(GenerateRequest.of("r" + i, new int[] {5, 6, 7}, sampling)));
            }
            for (TokenStream stream : streams) {
                while (!(stream.next() instanceof GenerateEvent.Finished)) {
                    // the events do not matter
                }
            }
        }
        assertThat(model.allocated)
                .as("bytes allocated by the engine's thread in %d steps of %d sequences", STEPS, BATCH)
                .isBetween(0L, (long) STEPS * (BATCH * BYTES_PER_TOKEN + BYTES_PER_STEP) + BATCH * BYTES_PER_SEQUENCE);
    }
}
