package io.yuebing.kv;

import java.lang.foreign.MemorySegment;
import java.util.List;

/** Reads the rows of any KV cache as floats, for looking at it. */
public final class KvRows {
    private final KvTensors cache;
    private final KvLayout layout;
    private final List<KvPlane> planes;
    private final long[][] channels;

    public KvRows(KvTensors cache) {
        this.cache = cache;
        this.layout = cache.layout();
        this.planes = layout.planes();
        this.channels = new long[planes.size()][layout.headSize()];
        for (int i = 0; i < channels.length; i++) {
            for (int channel = 0; channel < channels[i].length; channel++) {
                channels[i][channel] = planes.get(i).channelOffset(channel);
            }
        }
    }

    /** What the cache holds of each token and head. */
    public List<KvSide> sides() {
        return planes.stream().map(KvPlane::side).toList();
    }

    /**
     * Reads one row; codes without scales are read as they are.
     *
     * @param layer of this cache, from 0
     * @param side one of {@link #sides()}
     * @param head of this cache, from 0
     * @param row takes {@link KvLayout#headSize()} values
     */
    public void read(int layer, KvSide side, int block, int head, int token, float[] row) {
        int which = sides().indexOf(side);
        KvPlane plane = planes.get(which);
        MemorySegment memory = cache.tensor(layer, side);
        long at = plane.offset() + plane.head() * head + plane.token() * token;
        at += layout.stride(KvAxis.LAYER) * layer + layout.stride(KvAxis.BLOCK) * block;
        float scale = scale(layer, side, block, head, token, memory);
        long[] offsets = channels[which];
        for (int i = 0; i < offsets.length; i++) {
            row[i] = ElementCodec.read(layout.elementType(), memory, at + offsets[i]) * scale;
        }
    }

    private float scale(int layer, KvSide side, int block, int head, int token, MemorySegment memory) {
        KvScales scales = layout.scales();
        return scales == null
                ? 1
                : ElementCodec.read(scales.type(), memory, scales.at(layer, side, block, head, token));
    }
}
