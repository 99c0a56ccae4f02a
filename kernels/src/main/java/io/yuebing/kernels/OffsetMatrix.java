package io.yuebing.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.stream.Stream;

/**
 * A matrix whose weights have an offset for each group of inputs: {@code y = C x + O s}, where {@code s} are the sums of
 * the groups' activations, so that each offset is multiplied once for its group.
 */
final class OffsetMatrix implements Linear {
    private static final String FORM = "offsets ";
    private static final String SEPARATOR = ";";

    private static final ThreadLocal<Row> ROW = ThreadLocal.withInitial(Row::new);

    private final PanelMatrix codes;
    private final PanelMatrix offsets;
    private final int groupSize;

    /** One token's activations; grows to the longest. */
    private static final class Row {
        private float[] values = {};

        float[] ofLength(int length) {
            if (values.length < length) {
                values = new float[length];
            }
            return values;
        }
    }

    /** @param offsets {@code [outputs][groups]} */
    private OffsetMatrix(PanelMatrix codes, PanelMatrix offsets, int groupSize) {
        if (offsets.outputs() != codes.outputs() || (long) offsets.inputs() * groupSize != codes.inputs()) {
            throw new IllegalArgumentException("Offsets of " + offsets.outputs() + " x " + offsets.inputs()
                    + " groups of " + groupSize + " do not fit weights of " + codes.outputs() + " x "
                    + codes.inputs());
        }
        this.codes = codes;
        this.offsets = offsets;
        this.groupSize = groupSize;
    }

    private static PanelMatrix panels(Linear linear) {
        return switch (linear) {
            case PanelMatrix matrix -> matrix;
            case OffsetMatrix _, ObservedLinear _ ->
                throw new IllegalArgumentException("A matrix with offsets is given offsets again");
        };
    }

    static OffsetMatrix of(Linear codes, int groupSize, float[] offsets, Arena arena) {
        int outputs = codes.outputs();
        int groups = codes.inputs() / groupSize;
        if (offsets.length != (long) groups * outputs) {
            throw new IllegalArgumentException(
                    "offsets has " + offsets.length + " elements instead of " + (long) groups * outputs);
        }
        ValueLayout.OfFloat layout = ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN);
        try (Arena turning = Arena.ofConfined()) {
            MemorySegment rowMajor = turning.allocate((long) offsets.length * Float.BYTES, Float.BYTES);
            for (int group = 0; group < groups; group++) {
                for (int output = 0; output < outputs; output++) {
                    rowMajor.setAtIndex(layout, (long) output * groups + group, offsets[group * outputs + output]);
                }
            }
            Linear matrix = Linears.f32(outputs, groups, RowBands.of(rowMajor, outputs), new float[0], arena);
            return new OffsetMatrix(panels(codes), panels(matrix), groupSize);
        }
    }

    static boolean isForm(String form) {
        return form.startsWith(FORM);
    }

    /** Reads {@link #packed} back; both matrices have as many parts. */
    static OffsetMatrix of(PackedLinear packed, float[] bias) {
        String[] forms = packed.form().split(SEPARATOR, -1);
        int half = packed.parts().size() / 2;
        if (forms.length != 3) {
            throw new IllegalArgumentException("'" + packed.form() + "' is no form of a packed matrix");
        }
        Linear codes =
                Linears.ofPacked(new PackedLinear(forms[1], packed.parts().subList(0, half)), bias);
        Linear offsets = Linears.ofPacked(
                new PackedLinear(
                        forms[2], packed.parts().subList(half, packed.parts().size())),
                new float[0]);
        return new OffsetMatrix(panels(codes), panels(offsets), Integer.parseInt(forms[0].substring(FORM.length())));
    }

    @Override
    public PackedLinear packed() {
        PackedLinear packedCodes = codes.packed();
        PackedLinear packedOffsets = offsets.packed();
        return new PackedLinear(
                FORM + groupSize + SEPARATOR + packedCodes.form() + SEPARATOR + packedOffsets.form(),
                Stream.concat(packedCodes.parts().stream(), packedOffsets.parts().stream())
                        .toList());
    }

    /** The matrix without the offsets. */
    PanelMatrix codes() {
        return codes;
    }

    @Override
    public int inputs() {
        return codes.inputs();
    }

    @Override
    public int outputs() {
        return codes.outputs();
    }

    @Override
    public long bytes() {
        return codes.bytes() + offsets.bytes();
    }

    @Override
    public void apply(float[] x, int tokens, float[] y, WorkerPool pool) {
        codes.apply(x, tokens, y, pool);
        offsets.addTo((token, sums) -> sumGroups(x, token * inputs(), sums), tokens, y, pool);
    }

    @Override
    public void addTo(ActivationRows x, int tokens, float[] y, WorkerPool pool) {
        codes.addTo(x, tokens, y, pool);
        addOffsets(x, tokens, y, pool);
    }

    /** Adds what the offsets make of the activations. */
    void addOffsets(ActivationRows x, int tokens, float[] y, WorkerPool pool) {
        offsets.addTo(
                (token, sums) -> {
                    float[] row = ROW.get().ofLength(inputs());
                    x.read(token, row);
                    sumGroups(row, 0, sums);
                },
                tokens,
                y,
                pool);
    }

    /** Each group in the order of its inputs, whatever else is computed. */
    private void sumGroups(float[] x, int offset, float[] sums) {
        int at = offset;
        for (int group = 0; group < offsets.inputs(); group++) {
            float sum = 0;
            for (int i = 0; i < groupSize; i++) {
                sum += x[at++];
            }
            sums[group] = sum;
        }
    }
}
