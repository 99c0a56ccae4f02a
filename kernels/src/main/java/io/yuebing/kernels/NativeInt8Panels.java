package io.yuebing.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** Quantised weights times 8-bit activations, in C: dot products of bytes. */
final class NativeInt8Panels implements PanelKernel {
    private static final MethodHandle MULTIPLY = NativeLibrary.shapeFunction(
            "yuebing_int8",
            NativeLibrary.panels(ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS));

    private static final MethodHandle QUANTIZE = NativeLibrary.shapeFunction(
            "yuebing_quantize",
            ValueLayout.ADDRESS,
            ValueLayout.JAVA_INT,
            ValueLayout.JAVA_INT,
            ValueLayout.ADDRESS,
            ValueLayout.ADDRESS,
            ValueLayout.ADDRESS,
            ValueLayout.ADDRESS);

    @Override
    public TokenBatch.Layout layout(int tokens) {
        return TokenBatch.Layout.BYTES;
    }

    /**
     * Rounds a token's activations into the batch's {@link TokenBatch.Layout#BYTES}, which for 4-bit codes have the
     * inputs of a word in the order 0 2 4 6 1 3 5 7: then the low and the high halves of a word's bytes each meet four
     * neighbours.
     */
    static void quantize(PanelShape shape, int token, float[] row, TokenBatch to) {
        try {
            QUANTIZE.invokeExact(
                    shape.encoding().ordinal(),
                    shape.groups(),
                    shape.paddedGroupInputs(0),
                    shape.paddedGroupInputs(shape.groups() - 1),
                    NativeLibrary.flags(shape),
                    MemorySegment.ofArray(row),
                    to.tokens(),
                    token,
                    MemorySegment.ofArray(to.bytes),
                    MemorySegment.ofArray(to.scales),
                    MemorySegment.ofArray(to.runSums),
                    MemorySegment.ofArray(to.starts));
        } catch (Throwable t) {
            throw NativeLibrary.failed(t);
        }
    }

    @Override
    public void multiply(
            PanelShape shape,
            long panels,
            int from,
            int to,
            TokenBatch batch,
            float[] bias,
            float[] y,
            int at,
            boolean add) {
        try {
            MULTIPLY.invokeExact(
                    shape.encoding().ordinal(),
                    shape.groups(),
                    shape.paddedGroupInputs(0),
                    shape.paddedGroupInputs(shape.groups() - 1),
                    NativeLibrary.flags(shape),
                    panels,
                    shape.panelBytes(),
                    from,
                    to,
                    batch.tokens(),
                    MemorySegment.ofArray(batch.bytes),
                    MemorySegment.ofArray(batch.scales),
                    MemorySegment.ofArray(batch.runSums),
                    MemorySegment.ofArray(batch.starts),
                    MemorySegment.ofArray(bias),
                    MemorySegment.ofArray(y),
                    at,
                    shape.outputs(),
                    add ? 1 : 0);
        } catch (Throwable t) {
            throw NativeLibrary.failed(t);
        }
    }
}
