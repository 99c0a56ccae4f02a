package io.yuebing.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The recorded tokenizers: directories of {@code tokenizer.json} or {@code tiktoken.model} with the ids and texts that others got from it. */
final class TokenizerFixture {
    private static final JsonMapper JSON = new JsonMapper();

    private TokenizerFixture() {}

    /** Those in the test resources, and those under the directory {@code -Dyuebing.tokenizers} if given. */
    static List<Path> directories() {
        String more = System.getProperty("yuebing.tokenizers");
        Stream<Path> roots = Stream.of(Path.of("src/test/resources/tokenizer"));
        if (more != null) {
            roots = Stream.concat(roots, Stream.of(Path.of(more)));
        }
        return roots.flatMap(TokenizerFixture::list)
                .filter(dir ->
                        Files.exists(dir.resolve("tokenizer.json")) || Files.exists(dir.resolve("tiktoken.model")))
                .sorted()
                .toList();
    }

    private static Stream<Path> list(Path dir) {
        try (Stream<Path> entries = Files.list(dir)) {
            return entries.toList().stream();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    static List<JsonNode> cases(Path dir) {
        try (Stream<String> lines = Files.lines(dir.resolve("cases.jsonl"))) {
            return lines.map(JSON::readTree).toList();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    static int[] ids(JsonNode list) {
        return list.values().stream().mapToInt(JsonNode::asInt).toArray();
    }
}
