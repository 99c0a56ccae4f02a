package io.yuebing.bench.make;

import java.util.Arrays;
import java.util.List;

/** The GGUF file of a made model: metadata with all that llama.cpp asks for, and the tensors. */
final class GgufModelPlan {
    private static final int NORMAL_TOKEN = 1;
    private static final int CONTROL_TOKEN = 3;
    private static final int BLOCK = 32;

    private final Geometry g;
    private final MatrixType type;
    private final GgufWriter file = new GgufWriter();

    /**
     * How matrices are stored; {@code file} is the number of a file that is mostly of this type, {@code blockBytes} what
     * {@value #BLOCK} weights take.
     */
    private enum MatrixType {
        Q4_0(2, Short.BYTES + BLOCK / 2),
        Q8_0(7, Short.BYTES + BLOCK),
        F16(1, BLOCK * Short.BYTES),
        BF16(32, BLOCK * Short.BYTES);

        private final int file;
        private final int blockBytes;

        MatrixType(int file, int blockBytes) {
            this.file = file;
            this.blockBytes = blockBytes;
        }

        Fill fill(float largest) {
            return switch (this) {
                case Q4_0 -> Fill.blocks(BLOCK / 2, largest / 8);
                case Q8_0 -> Fill.blocks(BLOCK, largest / 128);
                case F16 -> Fill.uniformF16(largest);
                case BF16 -> Fill.uniformBf16(largest);
            };
        }
    }

    private GgufModelPlan(Geometry geometry, MatrixType type) {
        g = geometry;
        this.type = type;
    }

    /**
     * The plan with matrices of that format.
     *
     * @throws IllegalArgumentException if that is none of GGUF's
     */
    static GgufWriter of(Geometry geometry, WeightFormat format) {
        GgufModelPlan plan = new GgufModelPlan(
                geometry,
                switch (format) {
                    case Q4_0 -> MatrixType.Q4_0;
                    case Q8_0 -> MatrixType.Q8_0;
                    case F16 -> MatrixType.F16;
                    case BF16_GGUF -> MatrixType.BF16;
                    case GPTQ_INT4, BF16 -> throw new IllegalArgumentException(format + " is not a format of GGUF");
                });
        plan.metadata();
        plan.tensors();
        return plan.file;
    }

    private void metadata() {
        file.text("general.architecture", "qwen2")
                .text("general.name", g.name() + " with random weights")
                .uint("general.file_type", type.file)
                .uint("general.quantization_version", 2)
                .uint("qwen2.context_length", Geometry.MAX_POSITIONS)
                .uint("qwen2.embedding_length", g.hiddenSize())
                .uint("qwen2.block_count", g.layers())
                .uint("qwen2.feed_forward_length", g.intermediateSize())
                .uint("qwen2.attention.head_count", g.heads())
                .uint("qwen2.attention.head_count_kv", g.kvHeads())
                .number("qwen2.rope.freq_base", Geometry.ROPE_THETA)
                .number("qwen2.attention.layer_norm_rms_epsilon", Geometry.NORM_EPS);
        MadeTokenizer tokenizer = new MadeTokenizer(g.vocabSize());
        int[] types = new int[g.vocabSize()];
        Arrays.fill(types, NORMAL_TOKEN);
        Arrays.fill(types, g.vocabSize() - MadeTokenizer.SPECIAL, g.vocabSize(), CONTROL_TOKEN);
        file.text("tokenizer.ggml.model", "gpt2")
                .text("tokenizer.ggml.pre", "qwen2")
                .texts("tokenizer.ggml.tokens", tokenizer.tokens())
                .ints("tokenizer.ggml.token_type", types)
                .texts("tokenizer.ggml.merges", List.of(MadeTokenizer.MERGE_LEFT + " " + MadeTokenizer.MERGE_RIGHT))
                .uint("tokenizer.ggml.eos_token_id", tokenizer.messageEnd())
                .uint("tokenizer.ggml.bos_token_id", tokenizer.endOfText())
                .uint("tokenizer.ggml.padding_token_id", tokenizer.endOfText())
                .bool("tokenizer.ggml.add_bos_token", false)
                .text("tokenizer.chat_template", MadeTokenizer.CHAT_TEMPLATE);
    }

    private void tensors() {
        matrix("token_embd.weight", g.vocabSize(), g.hiddenSize());
        if (!g.tied()) {
            matrix("output.weight", g.vocabSize(), g.hiddenSize());
        }
        vector("output_norm.weight", g.hiddenSize(), Fill.floats(1));
        for (int layer = 0; layer < g.layers(); layer++) {
            String prefix = "blk." + layer + ".";
            vector(prefix + "attn_norm.weight", g.hiddenSize(), Fill.floats(1));
            vector(prefix + "ffn_norm.weight", g.hiddenSize(), Fill.floats(1));
            projection(prefix + "attn_q", g.queryWidth());
            projection(prefix + "attn_k", g.kvWidth());
            projection(prefix + "attn_v", g.kvWidth());
            matrix(prefix + "attn_output.weight", g.hiddenSize(), g.queryWidth());
            matrix(prefix + "ffn_gate.weight", g.intermediateSize(), g.hiddenSize());
            matrix(prefix + "ffn_up.weight", g.intermediateSize(), g.hiddenSize());
            matrix(prefix + "ffn_down.weight", g.hiddenSize(), g.intermediateSize());
        }
    }

    private void projection(String name, int outputs) {
        matrix(name + ".weight", outputs, g.hiddenSize());
        vector(name + ".bias", outputs, Fill.uniformFloats(ModelMaker.BIAS));
    }

    private void matrix(String name, int rows, int columns) {
        long bytes = (long) rows * columns / BLOCK * type.blockBytes;
        file.tensor(new PlannedTensor(
                name, type.name(), List.of(rows, columns), bytes, type.fill(ModelMaker.largest(columns))));
    }

    private void vector(String name, int size, Fill fill) {
        file.tensor(new PlannedTensor(name, "F32", List.of(size), (long) size * Float.BYTES, fill));
    }
}
