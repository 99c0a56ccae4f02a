package io.yuebing.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.UserError;
import io.yuebing.gguf.GgufWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** A tokenizer in the metadata of a GGUF file is the same as in tokenizer.json. */
class GgufTextTest {
    private static final Path RESOURCES = Path.of("src", "test", "resources");

    @TempDir
    Path dir;

    /** Writes the fixtures' tokenizer.json of a style as GGUF metadata, as llama.cpp's converter does. */
    private GgufWriter converted(String style, String pre) throws IOException {
        JsonNode json = TokenizerFile.JSON.readTree(RESOURCES.resolve("tokenizer/" + style + "/tokenizer.json"));
        List<String> tokens = new ArrayList<>();
        List<Integer> kinds = new ArrayList<>();
        json.path("model").path("vocab").propertyStream().forEach(entry -> {
            put(tokens, kinds, entry.getValue().asInt(), entry.getKey(), 1);
        });
        for (JsonNode added : json.path("added_tokens")) {
            put(
                    tokens,
                    kinds,
                    added.path("id").asInt(),
                    added.path("content").asString(),
                    added.path("special").asBoolean() ? 3 : 4);
        }
        put(tokens, kinds, tokens.size() + 5, "[PAD]", 5);
        List<String> merges = new ArrayList<>();
        for (JsonNode merge : json.path("model").path("merges")) {
            merges.add(
                    merge.isString()
                            ? merge.asString()
                            : merge.path(0).asString() + " " + merge.path(1).asString());
        }
        return new GgufWriter()
                .text("general.architecture", "qwen2")
                .text("tokenizer.ggml.model", "gpt2")
                .text("tokenizer.ggml.pre", pre)
                .texts("tokenizer.ggml.tokens", tokens)
                .integers("tokenizer.ggml.token_type", kinds)
                .texts("tokenizer.ggml.merges", merges);
    }

    private static void put(List<String> tokens, List<Integer> kinds, int id, String token, int kind) {
        while (tokens.size() <= id) {
            tokens.add("[UNUSED" + tokens.size() + "]");
            kinds.add(5);
        }
        tokens.set(id, token);
        kinds.set(id, kind);
    }

    @ParameterizedTest
    @CsvSource({"qwen2,qwen2", "llama3,llama-bpe", "deepseek,deepseek-v3"})
    void idsAndTextAreThoseOfTokenizerJson(String style, String pre) throws IOException {
        Path folder = RESOURCES.resolve("tokenizer/" + style);
        Path file = dir.resolve("m.gguf");
        GgufWriter gguf = converted(style, pre);
        try (Tokenizer original = Tokenizer.load(folder)) {
            int[] bos = original.encode("", true);
            gguf.bool("tokenizer.ggml.add_bos_token", bos.length > 0);
            if (bos.length > 0) {
                gguf.integer("tokenizer.ggml.bos_token_id", bos[0]);
            }
            gguf.write(file);
            try (Tokenizer tokenizer = Tokenizer.load(file)) {
                for (String line : Files.readAllLines(folder.resolve("cases.jsonl"))) {
                    JsonNode entry = TokenizerFile.JSON.readTree(line);
                    if (entry.has("text")) {
                        String text = entry.path("text").asString();
                        int[] ids = original.encode(text, true);
                        assertThat(tokenizer.encode(text, true))
                                .as("%s: %s", style, text)
                                .containsExactly(ids);
                        assertThat(tokenizer.decode(ids, true)).isEqualTo(original.decode(ids, true));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"deepseek-llm", "deepseek-coder", "smollm"})
    void someModelsCutEachDigit(String pre) throws IOException {
        Path file = dir.resolve("m.gguf");
        converted("deepseek", pre).write(file);
        try (Tokenizer tokenizer = Tokenizer.load(file)) {
            assertThat(tokenizer.encode("2024", false)).hasSize(4);
            String text = "Год 2024，中文 и ℓ𝐀,\r\n  end ";
            assertThat(tokenizer.decode(tokenizer.encode(text, false), true)).isEqualTo(text);
        }
    }

    @Test
    void aSentencePieceVocabularyMergesTheBestScoredTokenFirst() throws IOException {
        List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        List<Integer> kinds = new ArrayList<>(List.of(2, 3, 3));
        for (int b = 0; b < 256; b++) {
            tokens.add(String.format("<0x%02X>", b));
            kinds.add(6);
        }
        List<String> pieces = List.of("▁a", "bc", "ab", "▁abc", "▁", "a", "b", "c");
        tokens.addAll(pieces);
        List<Float> scores = new ArrayList<>();
        for (int id = 0; id < tokens.size(); id++) {
            scores.add(id < 259 ? 0f : 259f - id);
            if (id >= kinds.size()) {
                kinds.add(1);
            }
        }
        Path file = dir.resolve("m.gguf");
        new GgufWriter()
                .text("tokenizer.ggml.model", "llama")
                .texts("tokenizer.ggml.tokens", tokens)
                .integers("tokenizer.ggml.token_type", kinds)
                .numbers("tokenizer.ggml.scores", scores)
                .integer("tokenizer.ggml.bos_token_id", 1)
                .integer("tokenizer.ggml.unknown_token_id", 0)
                .write(file);

        try (Tokenizer tokenizer = Tokenizer.load(file)) {
            int first = 259;
            assertThat(tokenizer.encode("abc", true)).containsExactly(1, first + 3);
            assertThat(tokenizer.encode("bab", false)).containsExactly(first + 4, first + 6, first + 2);
            assertThat(tokenizer.encode("aé", false)).containsExactly(first, 3 + 0xC3, 3 + 0xA9);
            assertThat(tokenizer.decode(new int[] {1, first + 3, first, 3 + 0xC3, 3 + 0xA9}, true))
                    .isEqualTo("abc aé");
        }
    }

    @Test
    void theTemplateAndItsSpecialTokensComeAlong() throws IOException {
        Path file = dir.resolve("m.gguf");
        converted("qwen2", "qwen2")
                .text("tokenizer.chat_template", "{{ bos_token }}{{ messages[0].content }}")
                .integer("tokenizer.ggml.bos_token_id", 2000)
                .write(file);

        assertThat(ChatTemplate.load(file)
                        .orElseThrow()
                        .render(List.of(Map.of("role", "user", "content", "hi")), List.of(), true, Map.of()))
                .isEqualTo("<|endoftext|>hi");
    }

    @Test
    void whatANodeHandsOutIsTheSameTokenizer() throws IOException {
        Path file = dir.resolve("m.gguf");
        converted("qwen2", "qwen2").write(file);
        Path folder = Files.createDirectory(dir.resolve("handed"));
        for (Map.Entry<String, byte[]> part : TextFiles.of(file).all().entrySet()) {
            Files.write(folder.resolve(part.getKey()), part.getValue());
        }

        try (Tokenizer handed = Tokenizer.load(folder);
                Tokenizer own = Tokenizer.load(file)) {
            assertThat(handed.encode("你好, world", true)).containsExactly(own.encode("你好, world", true));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nobody-knows", ""})
    void anUnknownPreTokenizerIsToldWithThoseThatAreKnown(String pre) throws IOException {
        Path file = dir.resolve("m.gguf");
        converted("qwen2", pre).write(file);

        assertThatThrownBy(() -> Tokenizer.load(file))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("m.gguf: metadata key tokenizer.ggml.pre '" + pre + "' is not supported")
                .hasMessageContaining("qwen2, ");
    }
}
