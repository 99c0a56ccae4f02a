package io.yuebing.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** Any weights times float activations, in C. */
final class NativeFloatPanels implements PanelKernel {
    private static final MethodHandle MULTIPLY = NativeLibrary.shapeFunction(
            "yuebing_float", ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS);

    @Override
    public TokenBatch.Layout layout(int tokens) {
        return TokenBatch.Layout.ROWS;
    }

    @Override
    public void multiply(PanelShape shape, long panel, TokenBatch batch, float[] sums) {
        try {
            MULTIPLY.invokeExact(
                    shape.encoding().ordinal(),
                    shape.groups(),
                    shape.paddedGroupInputs(0),
                    shape.paddedGroupInputs(shape.groups() - 1),
                    NativeLibrary.flags(shape),
                    panel,
                    batch.tokens(),
                    MemorySegment.ofArray(batch.values),
                    MemorySegment.ofArray(sums));
        } catch (Throwable t) {
            throw NativeLibrary.failed(t);
        }
    }
}
