package io.yuebing.model;

import io.yuebing.model.weights.SafetensorsFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import tools.jackson.databind.json.JsonMapper;

/** A model directory with random weights, tensor by tensor, and the same weights for {@link PlainDecoder}. */
final class RandomModel {
    static final int VOCAB = 64;

    final Map<String, float[]> weights = new LinkedHashMap<>();
    private final Map<String, Object> config = new LinkedHashMap<>();
    private final SafetensorsFile file = new SafetensorsFile();
    private final Random random = new Random(11);

    RandomModel(String architecture) {
        config("architectures", List.of(architecture));
        config("vocab_size", VOCAB);
        config("max_position_embeddings", 128);
    }

    RandomModel config(String field, Object value) {
        config.put(field, value);
        return this;
    }

    int number(String field) {
        return (Integer) Objects.requireNonNull(config.get(field), field);
    }

    RandomModel matrix(String name, int rows, int columns) {
        float[] values = values(rows * columns, 0.3f, 0);
        file.floats(name + ".weight", values, rows, columns);
        weights.put(name + ".weight", values);
        return this;
    }

    RandomModel matrixWithBias(String name, int rows, int columns) {
        return matrix(name, rows, columns).vector(name + ".bias", rows);
    }

    RandomModel vector(String name, int size) {
        return add(name, values(size, 0.3f, 0));
    }

    /** Weights around 1. */
    RandomModel norm(String name, int size) {
        return add(name, values(size, 0.2f, 1));
    }

    private RandomModel add(String name, float[] values) {
        file.floats(name, values, values.length);
        weights.put(name, values);
        return this;
    }

    private float[] values(int count, float deviation, float mean) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = mean + (float) random.nextGaussian() * deviation;
        }
        return values;
    }

    Path write(Path dir) {
        try {
            Files.writeString(dir.resolve("config.json"), JsonMapper.shared().writeValueAsString(config));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        file.write(dir.resolve("model.safetensors"));
        return dir;
    }
}
