package io.yuebing.kernels;

import static io.yuebing.kernels.PanelShape.BLOCK;
import static io.yuebing.kernels.PanelShape.ROWS;
import static io.yuebing.kernels.PanelShape.ROW_BYTES;
import static io.yuebing.kernels.PanelShape.RUN;

import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** Plain loops over panels; rows are innermost, as lanes are. */
final class ScalarPanels implements PanelByPanel {
    private final PanelEncoding encoding;
    private final boolean integers;

    ScalarPanels(PanelEncoding encoding, ComputeMode mode) {
        this.encoding = encoding;
        this.integers = mode == ComputeMode.INT8;
    }

    @Override
    public TokenBatch.Layout layout(int tokens) {
        return TokenBatch.Layout.ROWS;
    }

    @Override
    public void addPanel(PanelShape shape, long panel, TokenBatch batch, float[] sums) {
        BlockScratch scratch = BlockScratch.ofThread();
        long header = panel;
        int input = 0;
        int run = 0;
        for (int group = 0; group < shape.groups(); group++) {
            readHeader(shape, header, scratch);
            long words = header + shape.headerBytes();
            int inputs = shape.paddedGroupInputs(group);
            for (int i = 0; i < inputs; i += BLOCK) {
                int n = Math.min(BLOCK, inputs - i);
                unpack(words + (long) (i / encoding.inputsPerWord()) * ROW_BYTES, n, scratch);
                for (int token = 0; token < batch.tokens(); token++) {
                    multiplyBlock(batch, token, input, n, run, scratch, sums);
                }
                input += n;
                run += Math.ceilDiv(n, RUN);
            }
            header += shape.groupBytes(group);
        }
    }

    private void readHeader(PanelShape shape, long header, BlockScratch to) {
        for (int row = 0; row < ROWS; row++) {
            to.scales[row] = !encoding.scaled()
                    ? 1
                    : shape.halfScales()
                            ? Float.float16ToFloat(
                                    NativeMemory.ALL.get(ValueLayout.JAVA_SHORT, header + row * Short.BYTES))
                            : NativeMemory.ALL.get(ValueLayout.JAVA_FLOAT, header + row * Float.BYTES);
            to.zeros[row] = shape.ownZeros()
                    ? NativeMemory.ALL.get(ValueLayout.JAVA_SHORT, header + shape.scaleBytes() + row * Short.BYTES)
                    : encoding.middle();
        }
    }

    private void unpack(long words, int inputs, BlockScratch to) {
        int perWord = encoding.inputsPerWord();
        for (int k = 0; k < inputs; k++) {
            long word = words + (long) (k / perWord) * ROW_BYTES;
            int shift = k % perWord * encoding.bitsPerInput();
            for (int row = 0; row < ROWS; row++) {
                int bits = NativeMemory.ALL.get(ValueLayout.JAVA_INT, word + row * Integer.BYTES) >>> shift;
                to.weights[k * ROWS + row] = decode(bits, to.zeros[row]);
            }
        }
    }

    private float decode(int bits, float zero) {
        return switch (encoding) {
            case F32 -> Float.intBitsToFloat(bits);
            case F16 -> Float.float16ToFloat((short) bits);
            case BF16 -> Float.intBitsToFloat(bits << Short.SIZE);
            case NIBBLE -> (bits & 0xF) - zero;
            case BYTE -> (bits & 0xFF) - zero;
            case E4M3 -> E4m3.value(bits);
        };
    }

    private void multiplyBlock(
            TokenBatch batch, int token, int input, int inputs, int run, BlockScratch scratch, float[] sums) {
        float[] chains = scratch.floatSums; // the first rows for the chains, the next for the block's sums
        Arrays.fill(chains, 0, 2 * ROWS, 0);
        int x = batch.at(token, input, inputs);
        for (int first = 0; first < inputs; first += integers ? RUN : BLOCK) {
            int end = Math.min(first + (integers ? RUN : BLOCK), inputs);
            Arrays.fill(chains, 0, ROWS, 0);
            for (int k = first; k < end; k++) {
                float activation = batch.values[x + k];
                for (int row = 0; row < ROWS; row++) {
                    chains[row] = Math.fma(activation, scratch.weights[k * ROWS + row], chains[row]);
                }
            }
            float scale = integers ? batch.scales[batch.run(token, run + first / RUN)] : 1;
            for (int row = 0; row < ROWS; row++) {
                chains[ROWS + row] = integers ? Math.fma(chains[row], scale, chains[ROWS + row]) : chains[row];
            }
        }
        for (int row = 0; row < ROWS; row++) {
            int sum = token * ROWS + row;
            sums[sum] = Math.fma(chains[ROWS + row], scratch.scales[row], sums[sum]);
        }
    }
}
