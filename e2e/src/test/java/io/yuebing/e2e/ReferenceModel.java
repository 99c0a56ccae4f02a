package io.yuebing.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;

/** A tiny model with results computed by other software (transformers), see the fixtures' README. */
record ReferenceModel(String name, Path directory, JsonNode reference) {
    private static final Path MODELS = Path.of("../model/src/test/resources/models");

    /** All models for which there is a reference. */
    static Stream<ReferenceModel> all() throws IOException {
        try (Stream<Path> directories = Files.list(MODELS)) {
            List<Path> found = directories
                    .filter(directory -> Files.exists(directory.resolve("reference.json")))
                    .sorted()
                    .toList();
            if (found.size() < 6) {
                throw new IllegalStateException(
                        "only " + found.size() + " reference models in " + MODELS.toAbsolutePath());
            }
            return found.stream().map(ReferenceModel::read);
        }
    }

    static ReferenceModel named(String name) {
        return read(MODELS.resolve(name));
    }

    private static ReferenceModel read(Path directory) {
        return new ReferenceModel(
                directory.getFileName().toString(),
                directory,
                Client.JSON.readTree(directory.resolve("reference.json").toFile()));
    }

    List<Prompt> prompts() {
        return StreamSupport.stream(reference.path("prompts").spliterator(), false)
                .map(Prompt::new)
                .toList();
    }

    /** One prompt with its reference results. */
    record Prompt(JsonNode json) {
        String name() {
            return json.path("name").stringValue();
        }

        int[] ids() {
            return ints(json.path("ids"));
        }

        int[] greedy() {
            return ints(json.path("greedy").path("ids"));
        }
    }

    static int[] ints(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .mapToInt(JsonNode::intValue)
                .toArray();
    }

    @Override
    public String toString() {
        return name;
    }
}
