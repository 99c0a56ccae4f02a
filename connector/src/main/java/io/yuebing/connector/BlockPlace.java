package io.yuebing.connector;

import io.yuebing.kv.KvAxis;
import io.yuebing.kv.KvLayout;
import java.util.Optional;

/** Which block of which layer begins at an offset of a cache. */
record BlockPlace(int layer, int block) {

    /** Empty if no block of any layer begins there. */
    static Optional<BlockPlace> of(KvLayout layout, long offset) {
        long layerStride = layout.stride(KvAxis.LAYER);
        long blockStride = layout.stride(KvAxis.BLOCK);
        long layer;
        long block;
        if (layerStride >= blockStride) {
            layer = layerStride == 0 ? 0 : offset / layerStride;
            block = (offset - layer * layerStride) / blockStride;
        } else {
            block = offset / blockStride;
            layer = layerStride == 0 ? 0 : (offset - block * blockStride) / layerStride;
        }
        boolean fits = layer < layout.size(KvAxis.LAYER)
                && block < layout.size(KvAxis.BLOCK)
                && layout.blockOffset((int) layer, (int) block) == offset;
        return fits ? Optional.of(new BlockPlace((int) layer, (int) block)) : Optional.empty();
    }
}
