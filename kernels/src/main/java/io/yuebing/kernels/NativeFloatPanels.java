package io.yuebing.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** Any weights times float activations, in C. */
final class NativeFloatPanels implements PanelKernel {
    private static final MethodHandle MULTIPLY =
            NativeLibrary.shapeFunction("yuebing_float", NativeLibrary.panels(ValueLayout.ADDRESS));

    @Override
    public TokenBatch.Layout layout(int tokens) {
        return TokenBatch.Layout.ROWS;
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
                    MemorySegment.ofArray(batch.values),
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
