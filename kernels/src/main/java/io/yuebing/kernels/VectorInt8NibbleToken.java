package io.yuebing.kernels;

import static io.yuebing.kernels.Lanes.COUNT;
import static io.yuebing.kernels.Lanes.FLOATS;
import static io.yuebing.kernels.Lanes.INTS;
import static io.yuebing.kernels.Lanes.SHORTS;
import static io.yuebing.kernels.PanelShape.ROWS;
import static io.yuebing.kernels.PanelShape.ROW_BYTES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/**
 * One token's 8-bit activations times 4-bit codes in 16-bit lanes.
 *
 * <p>A row's word of 8 codes is two short lanes of 4 codes; inputs i and i + 4 are multiplied at once. A lane sums 16
 * products of a block, each at most 15 * 127, and so stays below 2<sup>15</sup>. The sums are integers, exact here and in
 * the float chains of {@link BlockKernel}: both give the same bits.
 */
final class VectorInt8NibbleToken implements SingleTokenKernel {
    private static final int WORDS_PER_BLOCK = PanelShape.INT8_BLOCK / 8;

    @Override
    public void multiply(PanelShape shape, MemorySegment panels, long panel, TokenBatch batch, float[] sums) {
        for (int row = 0; row < ROWS; row += 2 * COUNT) {
            long header = panel + (long) row * Integer.BYTES;
            int block = 0;
            int pair = 0;
            for (int group = 0; group < shape.groups(); group++) {
                int words = shape.words(group);
                multiplyGroup(panels, header, words, batch, block, pair, sums, row);
                block += Math.ceilDiv(words, WORDS_PER_BLOCK);
                pair += 4 * words;
                header += shape.groupBytes(group);
            }
        }
    }

    private static void multiplyGroup(
            MemorySegment panels,
            long header,
            int words,
            TokenBatch batch,
            int firstBlock,
            int firstPair,
            float[] sums,
            int row) {
        int[] pairs = batch.pairs;
        FloatVector scaleA = FloatVector.fromMemorySegment(FLOATS, panels, header, Lanes.ORDER);
        FloatVector scaleB = FloatVector.fromMemorySegment(FLOATS, panels, header + Lanes.BYTES, Lanes.ORDER);
        FloatVector bias = IntVector.broadcast(INTS, PanelShape.CODE_BIAS).reinterpretAsFloats();
        long zeros = header + ROW_BYTES;
        FloatVector minusZeroA = bias.sub(FloatVector.fromMemorySegment(FLOATS, panels, zeros, Lanes.ORDER));
        FloatVector minusZeroB =
                bias.sub(FloatVector.fromMemorySegment(FLOATS, panels, zeros + Lanes.BYTES, Lanes.ORDER));
        FloatVector sumA = FloatVector.fromArray(FLOATS, sums, row);
        FloatVector sumB = FloatVector.fromArray(FLOATS, sums, row + COUNT);
        ShortVector mask = ShortVector.broadcast(SHORTS, (short) 0xF);
        long at = header + 2 * ROW_BYTES;
        int pair = firstPair;
        int block = firstBlock;
        for (int first = 0; first < words; first += WORDS_PER_BLOCK) {
            int n = Math.min(WORDS_PER_BLOCK, words - first);
            ShortVector a = ShortVector.zero(SHORTS);
            ShortVector b = a;
            for (int i = 0; i < n; i++) {
                ShortVector wordA = IntVector.fromMemorySegment(INTS, panels, at, Lanes.ORDER)
                        .reinterpretAsShorts();
                ShortVector wordB = IntVector.fromMemorySegment(INTS, panels, at + Lanes.BYTES, Lanes.ORDER)
                        .reinterpretAsShorts();
                ShortVector x0 = IntVector.broadcast(INTS, pairs[pair]).reinterpretAsShorts();
                ShortVector x1 = IntVector.broadcast(INTS, pairs[pair + 1]).reinterpretAsShorts();
                ShortVector x2 = IntVector.broadcast(INTS, pairs[pair + 2]).reinterpretAsShorts();
                ShortVector x3 = IntVector.broadcast(INTS, pairs[pair + 3]).reinterpretAsShorts();
                a = a.add(wordA.and(mask).mul(x0));
                b = b.add(wordB.and(mask).mul(x0));
                a = a.add(wordA.lanewise(VectorOperators.LSHR, 4).and(mask).mul(x1));
                b = b.add(wordB.lanewise(VectorOperators.LSHR, 4).and(mask).mul(x1));
                a = a.add(wordA.lanewise(VectorOperators.LSHR, 8).and(mask).mul(x2));
                b = b.add(wordB.lanewise(VectorOperators.LSHR, 8).and(mask).mul(x2));
                a = a.add(wordA.lanewise(VectorOperators.LSHR, 12).mul(x3));
                b = b.add(wordB.lanewise(VectorOperators.LSHR, 12).mul(x3));
                at += ROW_BYTES;
                pair += 4;
            }
            IntVector intsA = a.reinterpretAsInts();
            IntVector intsB = b.reinterpretAsInts();
            FloatVector dotA = (FloatVector) intsA.lanewise(VectorOperators.LSHL, Short.SIZE)
                    .lanewise(VectorOperators.ASHR, Short.SIZE)
                    .add(intsA.lanewise(VectorOperators.ASHR, Short.SIZE))
                    .convertShape(VectorOperators.I2F, FLOATS, 0);
            FloatVector dotB = (FloatVector) intsB.lanewise(VectorOperators.LSHL, Short.SIZE)
                    .lanewise(VectorOperators.ASHR, Short.SIZE)
                    .add(intsB.lanewise(VectorOperators.ASHR, Short.SIZE))
                    .convertShape(VectorOperators.I2F, FLOATS, 0);
            FloatVector blockSum = FloatVector.broadcast(FLOATS, batch.blockSums[block]);
            float scale = batch.scales[block];
            sumA = minusZeroA.fma(blockSum, dotA).fma(scaleA.mul(scale), sumA);
            sumB = minusZeroB.fma(blockSum, dotB).fma(scaleB.mul(scale), sumB);
            block++;
        }
        sumA.intoArray(sums, row);
        sumB.intoArray(sums, row + COUNT);
    }
}
