package io.yuebing.model.decoder;

import io.yuebing.kernels.BatchAttention;
import java.util.List;

/** Numbers of heads and channels: layers of the same shape share the scratch of {@link BatchAttention}. */
record AttentionShape(int heads, int kvHeads, int headSize) {
    static AttentionShape of(GroupedQuery attention) {
        return new AttentionShape(attention.heads(), attention.kvHeads(), attention.headSize());
    }

    /** The shapes of a model's layers, each once. */
    static List<AttentionShape> all(DecoderSpec spec) {
        return spec.layers().stream()
                .map(layer -> switch (layer.attention()) {
                    case GroupedQuery grouped -> of(grouped);
                })
                .distinct()
                .toList();
    }

    BatchAttention scratch() {
        return new BatchAttention(heads, kvHeads, headSize);
    }
}
