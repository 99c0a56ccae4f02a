package io.yuebing.model.decoder;

import io.yuebing.kernels.BatchAttention;
import java.util.List;

/** Numbers of heads and channels: layers of the same shape share the scratch of {@link BatchAttention}. */
record AttentionShape(int heads, int kvHeads, int keySize, int valueSize) {
    static AttentionShape of(AttentionSpec attention) {
        int valueSize = switch (attention) {
            case GroupedQuery grouped -> grouped.headSize();
            case Latent latent -> latent.latentSize();
        };
        return new AttentionShape(attention.heads(), attention.kvHeads(), attention.headSize(), valueSize);
    }

    /** The shapes of a model's layers, each once. */
    static List<AttentionShape> all(DecoderSpec spec) {
        return spec.layers().stream()
                .map(layer -> of(layer.attention()))
                .distinct()
                .toList();
    }

    BatchAttention scratch() {
        return new BatchAttention(heads, kvHeads, keySize, valueSize);
    }
}
