package io.yuebing.cli.hub;

import io.yuebing.api.UserError;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Looks at a folder of a fetched repository. */
public final class Snapshot {
    private static final String INDEX = "model.safetensors.index.json";

    private Snapshot() {}

    /** Whether the folder holds a configuration, a tokenizer and every weight file that its index names. */
    public static boolean complete(Path folder) {
        boolean tokenizer =
                Files.exists(folder.resolve("tokenizer.json")) || Files.exists(folder.resolve("tiktoken.model"));
        if (!Files.exists(folder.resolve("config.json")) || !tokenizer) {
            return false;
        }
        Path index = folder.resolve(INDEX);
        try {
            return Files.exists(index) ? hasAllShards(folder, index) : hasWeights(folder);
        } catch (IOException e) {
            throw new UserError("cannot read " + folder + ": " + e.getMessage(), e);
        }
    }

    private static boolean hasAllShards(Path folder, Path index) throws IOException {
        try (InputStream content = Files.newInputStream(index)) {
            JsonNode map = JsonMapper.shared().readTree(content).path("weight_map");
            return !map.isEmpty()
                    && map.valueStream().allMatch(shard -> Files.exists(folder.resolve(shard.asString(""))));
        } catch (JacksonException e) {
            return false;
        }
    }

    private static boolean hasWeights(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.anyMatch(file -> file.toString().endsWith(".safetensors") && Files.exists(file));
        }
    }
}
