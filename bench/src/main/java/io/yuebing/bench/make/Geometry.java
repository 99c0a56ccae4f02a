package io.yuebing.bench.make;

import io.yuebing.api.UserError;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The sizes of a decoder of the Qwen2 family.
 *
 * @param name what people call it
 * @param tied the output head is the embedding
 */
public record Geometry(
        String name,
        int hiddenSize,
        int layers,
        int intermediateSize,
        int heads,
        int kvHeads,
        int headSize,
        int vocabSize,
        boolean tied) {

    /** Positions of every model made. */
    static final int MAX_POSITIONS = 32_768;

    static final float ROPE_THETA = 1e6f;
    static final float NORM_EPS = 1e-6f;

    /** Those that can be made; sizes of the published models, and one for tests. */
    public static final List<Geometry> ALL = List.of(
            new Geometry("qwen2.5-0.5b", 896, 24, 4864, 14, 2, 64, 151_936, true),
            new Geometry("qwen2.5-1.5b", 1536, 28, 8960, 12, 2, 128, 151_936, true),
            new Geometry("qwen2.5-7b", 3584, 28, 18_944, 28, 4, 128, 152_064, false),
            new Geometry("tiny", 256, 2, 512, 4, 2, 64, 1024, true));

    /**
     * The geometry of that name.
     *
     * @throws UserError if there is none
     */
    public static Geometry named(String name) {
        return ALL.stream()
                .filter(geometry -> geometry.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new UserError("--geometry: expected one of "
                        + ALL.stream().map(Geometry::name).collect(Collectors.joining(", ")) + ", got '" + name
                        + "'"));
    }

    int queryWidth() {
        return heads * headSize;
    }

    int kvWidth() {
        return kvHeads * headSize;
    }
}
