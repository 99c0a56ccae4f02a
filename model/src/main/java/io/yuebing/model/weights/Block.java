package io.yuebing.model.weights;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * One block of a GGUF tensor, taken apart: {@code w = scale * (code - zero) + offset}.
 *
 * <p>Codes are unsigned; scales and offsets are those of the block's groups in order.
 */
@SuppressWarnings("ArrayRecordComponent") // a buffer
record Block(byte[] codes, float[] scales, float[] offsets) {
    private static final int MAX_ELEMENTS = 256;
    private static final int LEAST_GROUP = 16;
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

    Block() {
        this(new byte[MAX_ELEMENTS], new float[MAX_ELEMENTS / LEAST_GROUP], new float[MAX_ELEMENTS / LEAST_GROUP]);
    }

    /** Reads a half-precision number. */
    static float half(byte[] data, int at) {
        return Float.float16ToFloat((short) SHORT.get(data, at));
    }
}
