package io.yuebing.kv;

import java.lang.foreign.MemorySegment;

/**
 * Converts rows of one side to another element type, element by element, with their scales.
 *
 * <p>Keeps scratch memory: for one thread at a time.
 */
final class RowCast {
    private final KvLayout from;
    private final KvLayout to;
    private final long[] fromChannel;
    private final long[] toChannel;
    private final float[] row;

    RowCast(KvLayout from, KvPlane fromPlane, KvLayout to, KvPlane toPlane) {
        this.from = from;
        this.to = to;
        int channels = from.headSize();
        this.fromChannel = new long[channels];
        this.toChannel = new long[channels];
        this.row = new float[channels];
        for (int i = 0; i < channels; i++) {
            fromChannel[i] = fromPlane.channelOffset(i);
            toChannel[i] = toPlane.channelOffset(i);
        }
    }

    /**
     * Converts one row.
     *
     * @param fromScale byte of its scale, meaningless if the source has none
     * @param toScale byte of its scale, meaningless if the target has none
     */
    void convert(MemorySegment source, long at, long fromScale, MemorySegment target, long targetAt, long toScale) {
        KvScales sourceScales = from.scales();
        float scale = sourceScales == null ? 1 : ElementCodec.read(sourceScales.type(), source, fromScale);
        for (int i = 0; i < row.length; i++) {
            row[i] = ElementCodec.read(from.elementType(), source, at + fromChannel[i]) * scale;
        }
        KvScales targetScales = to.scales();
        if (targetScales != null) {
            float quantum = quantum();
            ElementCodec.write(targetScales.type(), target, toScale, quantum);
            // divided by the scale as it was stored, which may have been rounded
            float stored = ElementCodec.read(targetScales.type(), target, toScale);
            for (int i = 0; i < row.length; i++) {
                row[i] = stored == 0 ? 0 : row[i] / stored;
            }
        }
        for (int i = 0; i < row.length; i++) {
            ElementCodec.write(to.elementType(), target, targetAt + toChannel[i], row[i]);
        }
    }

    private float quantum() {
        float largest = 0;
        for (float value : row) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest / ElementCodec.codeLimit(to.elementType());
    }
}
