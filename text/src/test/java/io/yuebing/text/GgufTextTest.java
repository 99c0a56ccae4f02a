package io.yuebing.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.UserError;
import io.yuebing.gguf.GgufWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** A tokenizer in the metadata of a GGUF file is the same as in tokenizer.json. */
class GgufTextTest {
    private static final Path RESOURCES = Path.of("src", "test", "resources");

    /** The first id behind special tokens and bytes of a SentencePiece vocabulary. */
    private static final int PIECES = 259;

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

    /** The pre-tokenizers of the models' own tokenizer.json. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '@',
            quoteCharacter = '`',
            value = {
                "smollm @ {'type':'Digits','individual_digits':true},"
                        + "{'type':'ByteLevel','add_prefix_space':false,'trim_offsets':true,'use_regex':true}",
                "deepseek-coder @ {'type':'Split','pattern':{'Regex':'[\\r\\n]'},'behavior':'Isolated','invert':false},"
                        + "{'type':'Split','pattern':{'Regex':'\\\\s?\\\\p{L}+'},'behavior':'Isolated','invert':false},"
                        + "{'type':'Split','pattern':{'Regex':'\\\\s?\\\\p{P}+'},'behavior':'Isolated','invert':false},"
                        + "{'type':'Split','pattern':{'Regex':'[一-龥ࠀ-一가-퟿]+'},'behavior':'Isolated','invert':false},"
                        + "{'type':'Digits','individual_digits':true},"
                        + "{'type':'ByteLevel','add_prefix_space':false,'trim_offsets':true,'use_regex':false}"
            })
    void modelsThatCutEachDigitCutTheRestAsTheirOwnFilesSay(String pre, String steps) throws IOException {
        Path file = dir.resolve("m.gguf");
        converted("deepseek", pre).write(file);
        Path folder = RESOURCES.resolve("tokenizer/deepseek");
        ObjectNode json = (ObjectNode) TokenizerFile.JSON.readTree(folder.resolve("tokenizer.json"));
        json.set(
                "pre_tokenizer",
                TokenizerFile.JSON.readTree(
                        "{\"type\":\"Sequence\",\"pretokenizers\":[" + steps.replace('\'', '"') + "]}"));
        Files.writeString(dir.resolve("tokenizer.json"), json.toString());
        try (Tokenizer own = Tokenizer.load(dir);
                Tokenizer tokenizer = Tokenizer.load(file)) {
            for (JsonNode row : TokenizerFixture.cases(folder)) {
                String text = row.path("text").asString("");
                assertThat(tokenizer.encode(text, false)).as(text).containsExactly(own.encode(text, false));
            }
        }
    }

    @Test
    void deepSeekV2CutsEachDigit() throws IOException {
        Path file = dir.resolve("m.gguf");
        converted("deepseek", "deepseek-llm").write(file);
        try (Tokenizer tokenizer = Tokenizer.load(file)) {
            assertThat(tokenizer.encode("2024", false)).hasSize(4);
            String text = "Год 2024，中文 и ℓ𝐀,\r\n  end ";
            assertThat(tokenizer.decode(tokenizer.encode(text, false), true)).isEqualTo(text);
        }
    }

    /** A SentencePiece vocabulary: three special tokens, 256 bytes, then the pieces from {@link #PIECES} on. */
    private GgufWriter sentencePiece(List<String> pieces, int kind) {
        List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        List<Integer> kinds = new ArrayList<>(List.of(2, 3, 3));
        for (int b = 0; b < 256; b++) {
            tokens.add(String.format("<0x%02X>", b));
            kinds.add(6);
        }
        tokens.addAll(pieces);
        List<Float> scores = new ArrayList<>();
        for (int id = 0; id < tokens.size(); id++) {
            scores.add(id < PIECES ? 0f : (float) PIECES - id);
            if (id >= kinds.size()) {
                kinds.add(tokens.get(id).isBlank() ? kind : tokens.get(id).startsWith("<|") ? 3 : 1);
            }
        }
        return new GgufWriter()
                .text("tokenizer.ggml.model", "llama")
                .texts("tokenizer.ggml.tokens", tokens)
                .integers("tokenizer.ggml.token_type", kinds)
                .numbers("tokenizer.ggml.scores", scores)
                .integer("tokenizer.ggml.bos_token_id", 1)
                .integer("tokenizer.ggml.unknown_token_id", 0);
    }

    @Test
    void aSentencePieceVocabularyMergesTheBestScoredTokenFirst() throws IOException {
        Path file = dir.resolve("m.gguf");
        sentencePiece(List.of("▁a", "bc", "ab", "▁abc", "▁", "a", "b", "c"), 1).write(file);

        try (Tokenizer tokenizer = Tokenizer.load(file)) {
            assertThat(tokenizer.encode("abc", true)).containsExactly(1, PIECES + 3);
            assertThat(tokenizer.encode("bab", false)).containsExactly(PIECES + 4, PIECES + 6, PIECES + 2);
            assertThat(tokenizer.encode("aé", false)).containsExactly(PIECES, 3 + 0xC3, 3 + 0xA9);
            assertThat(tokenizer.encode("a<unk>", false)).containsExactly(PIECES, 0);
            assertThat(tokenizer.decode(new int[] {1, PIECES + 3, PIECES, 3 + 0xC3, 3 + 0xA9}, true))
                    .isEqualTo("abc aé");
        }
    }

    /** As its tokenizer.json says: "rstrip". */
    @ParameterizedTest
    @CsvSource({"phi3, true", "llama, false"})
    void specialTokensOfPhi3TakeTheWhiteSpaceBehindThem(String architecture, boolean takes) throws IOException {
        Path file = dir.resolve("m.gguf");
        sentencePiece(List.of("▁a", "▁", "a", "<|user|>", "<|endoftext|>"), 1)
                .text("general.architecture", architecture)
                .write(file);

        try (Tokenizer tokenizer = Tokenizer.load(file)) {
            int user = PIECES + 3;
            int end = PIECES + 4;
            int newline = 3 + '\n';
            int[] ids = tokenizer.encode("<|user|>\na<|endoftext|>\n", false);
            assertThat(ids)
                    .containsExactly(
                            takes
                                    ? new int[] {user, PIECES, end, PIECES + 1, newline}
                                    : new int[] {user, PIECES + 1, newline, PIECES + 2, end, PIECES + 1, newline});
        }
    }

    /** As in Gemma's files. */
    @Test
    void runsOfSpacesAndLinesThatAreTokensAreTakenWhole() throws IOException {
        Path file = dir.resolve("m.gguf");
        sentencePiece(List.of("▁a", "▁", "a", "  ", "   ", "    ", "\n", "\n\n"), 4)
                .bool("tokenizer.ggml.add_space_prefix", false)
                .write(file);

        try (Tokenizer tokenizer = Tokenizer.load(file)) {
            String text = "a a  a    a     a\n\n\na";
            int[] ids = tokenizer.encode(text, false);
            assertThat(Arrays.stream(ids).map(id -> id - PIECES)).containsExactly(2, 0, 3, 2, 5, 2, 5, 0, 7, 6, 2);
            assertThat(tokenizer.decode(ids, true)).isEqualTo(text);
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
