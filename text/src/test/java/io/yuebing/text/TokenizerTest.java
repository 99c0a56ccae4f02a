package io.yuebing.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.UserError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class TokenizerTest {
    private static final Path QWEN2 = Path.of("src/test/resources/tokenizer/qwen2");

    static List<Path> directories() {
        return TokenizerFixture.directories();
    }

    @ParameterizedTest
    @MethodSource("directories")
    void idsAndTextsAreThoseOfTheReference(Path dir) {
        try (Tokenizer tokenizer = Tokenizer.load(dir)) {
            for (JsonNode row : TokenizerFixture.cases(dir)) {
                String name = dir.getFileName() + " " + row.path("id");
                int[] ids = TokenizerFixture.ids(row.path("ids"));
                if (row.has("text")) {
                    String text = row.path("text").asString();
                    assertThat(tokenizer.encode(text, true)).as(name).containsExactly(ids);
                    JsonNode bare = row.path("ids_without_added_specials");
                    assertThat(tokenizer.encode(text, false))
                            .as(name)
                            .containsExactly(bare.isArray() ? TokenizerFixture.ids(bare) : ids);
                }
                assertThat(tokenizer.decode(ids, false))
                        .as(name)
                        .isEqualTo(row.path("decoded").asString());
                assertThat(tokenizer.decode(ids, true))
                        .as(name)
                        .isEqualTo(row.path("decoded_skip_special").asString());
            }
        }
    }

    @Test
    void neitherLengthNorConfiguredMaximumTruncates() {
        try (Tokenizer tokenizer = Tokenizer.load(QWEN2)) {
            String text = "The quick brown fox. ".repeat(2000);
            assertThat(tokenizer.decode(tokenizer.encode(text, true), false)).isEqualTo(text);
        }
    }

    @Test
    void truncationAndPaddingOfTheFileAreIgnored(@TempDir Path dir) throws IOException {
        String json = Files.readString(QWEN2.resolve("tokenizer.json"));
        Files.writeString(
                dir.resolve("tokenizer.json"),
                json.replaceFirst(
                                "\"truncation\":\\s*null",
                                "\"truncation\":{\"direction\":\"Right\",\"max_length\":8,\"strategy\":\"LongestFirst\",\"stride\":0}")
                        .replaceFirst(
                                "\"padding\":\\s*null",
                                "\"padding\":{\"strategy\":{\"Fixed\":20},\"direction\":\"Right\",\"pad_to_multiple_of\":null,\"pad_id\":0,\"pad_type_id\":0,\"pad_token\":\"!\"}"));
        try (Tokenizer plain = Tokenizer.load(QWEN2);
                Tokenizer changed = Tokenizer.load(dir)) {
            assertThat(Files.readString(dir.resolve("tokenizer.json"))).contains("max_length", "pad_to_multiple_of");
            for (String text :
                    List.of("short", "a text that is somewhat longer than eight tokens of this vocabulary")) {
                assertThat(changed.encode(text, true)).containsExactly(plain.encode(text, true));
            }
        }
    }

    @Test
    void aLoneSurrogateBecomesAReplacementCharacterAndSparesTheRest() {
        try (Tokenizer tokenizer = Tokenizer.load(QWEN2)) {
            int[] ids = tokenizer.encode("😀 \uD83D é \uDE00", true);
            assertThat(tokenizer.decode(ids, false)).isEqualTo("😀 \uFFFD é \uFFFD");
        }
    }

    @Test
    void tokenBytesAddUpToTheText() {
        try (Tokenizer tokenizer = Tokenizer.load(QWEN2)) {
            String text = "中文 🚀 naïve\tcode();";
            byte[] bytes = {};
            for (int id : tokenizer.encode(text, true)) {
                byte[] more = tokenizer.tokenBytes(id);
                int length = bytes.length;
                bytes = java.util.Arrays.copyOf(bytes, length + more.length);
                System.arraycopy(more, 0, bytes, length, more.length);
            }
            assertThat(new String(bytes, StandardCharsets.UTF_8)).isEqualTo(text);
        }
    }

    @Test
    void idsPastTheVocabularyArePaddingWithoutBytes() {
        try (Tokenizer tokenizer = Tokenizer.load(QWEN2)) {
            assertThat(tokenizer.size()).isEqualTo(2007);
            for (int id : new int[] {-1, 2007, Integer.MAX_VALUE}) {
                assertThat(tokenizer.tokenBytes(id)).isEmpty();
                assertThat(tokenizer.tokenText(id)).isEmpty();
                assertThat(tokenizer.isSpecial(id)).isFalse();
                assertThat(tokenizer.decode(new int[] {id}, false)).isEmpty();
            }
        }
    }

    @Test
    void specialTokensAreFoundByTheirText() {
        try (Tokenizer tokenizer = Tokenizer.load(QWEN2)) {
            int end = tokenizer.idOf("<|im_end|>").orElseThrow();
            assertThat(tokenizer.isSpecial(end)).isTrue();
            assertThat(tokenizer.tokenText(end)).isEqualTo("<|im_end|>");
            assertThat(tokenizer.isSpecial(tokenizer.idOf("<tool_call>").orElseThrow()))
                    .isFalse();
            assertThat(tokenizer.idOf("<|no such token|>")).isEmpty();
        }
    }

    @Test
    void threadsEncodeAtTheSameTime() throws Exception {
        try (Tokenizer tokenizer = Tokenizer.load(QWEN2);
                ExecutorService threads = Executors.newFixedThreadPool(4)) {
            String text = "Several threads share one tokenizer. 线程 🧵 ";
            int[] expected = tokenizer.encode(text, true);
            List<Callable<int[]>> calls = new ArrayList<>();
            for (int i = 0; i < 400; i++) {
                calls.add(() -> tokenizer.encode(text, true));
            }
            for (Future<int[]> ids : threads.invokeAll(calls)) {
                assertThat(ids.get()).containsExactly(expected);
            }
        }
    }

    @Test
    void aMissingFileIsNamedWithItsDirectory(@TempDir Path dir) throws IOException {
        assertThatThrownBy(() -> Tokenizer.load(dir))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("tokenizer.json")
                .hasMessageContaining(dir.toString());
    }

    @Test
    void aDamagedTiktokenModelIsToldByItsLine(@TempDir Path dir) throws IOException {
        Path kimi = Path.of("src/test/resources/tokenizer/kimi");
        Path file = dir.resolve("tiktoken.model");
        String ranks = Files.readString(kimi.resolve("tiktoken.model"));
        Files.copy(kimi.resolve("tokenizer_config.json"), dir.resolve("tokenizer_config.json"));
        List<String> damages = List.of(
                "",
                "IQ==",
                ranks.replaceFirst("Ig== 1\n", "Ig==\n"),
                ranks.replaceFirst("Ig== 1\n", "Ig== 0\n"),
                ranks.replaceFirst("Ig== 1\n", "IQ== 1\n"),
                ranks.replaceFirst("Ig== 1\n", "Ig== 999999\n"),
                ranks.replaceFirst("Ig== 1\n", "I-== 1\n"),
                ranks.substring(0, ranks.length() / 2),
                ranks + "AAAA " + ranks.lines().count() + "\n");
        for (String damaged : damages) {
            Files.writeString(file, damaged);
            assertThatThrownBy(() -> Tokenizer.load(dir))
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining(file.toString())
                    .message()
                    .doesNotContain("\n");
        }
        Files.writeString(file, ranks);
        Files.writeString(dir.resolve("tokenizer_config.json"), "{\"tokenizer_class\": \"QWenTokenizer\"}");
        assertThatThrownBy(() -> Tokenizer.load(dir))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("QWenTokenizer");
    }

    @Test
    void aNodeHandsOutWhatAGatewayReadsWithoutTiktoken(@TempDir Path dir) throws IOException {
        Path kimi = Path.of("src/test/resources/tokenizer/kimi");
        for (Map.Entry<String, byte[]> file : TextFiles.of(kimi).all().entrySet()) {
            Files.write(dir.resolve(file.getKey()), file.getValue());
        }
        String text = "A tool call: <|tool_call_begin|> 月饼 and 12345 more.";
        try (Tokenizer here = Tokenizer.load(kimi);
                Tokenizer there = Tokenizer.load(dir)) {
            assertThat(dir.resolve("tiktoken.model")).doesNotExist();
            assertThat(there.encode(text, true)).containsExactly(here.encode(text, true));
        }
    }

    @Test
    void aDamagedFileIsNamedWithWhatIsWrong(@TempDir Path dir) throws IOException {
        Path file = dir.resolve("tokenizer.json");
        String json = Files.readString(QWEN2.resolve("tokenizer.json"));
        for (String damaged : List.of(
                "",
                "[]",
                "{}",
                "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":-1},\"merges\":[]},\"decoder\":{\"type\":\"ByteLevel\"}}",
                "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":2097152},\"merges\":[]},\"decoder\":{\"type\":\"ByteLevel\"}}",
                "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":\"x\"},\"merges\":[]}}",
                "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]}}",
                "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]},\"decoder\":{\"type\":\"CTC\"}}",
                "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"b c\"]},\"decoder\":{\"type\":\"ByteLevel\"}}",
                "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]},\"decoder\":{\"type\":\"Strip\",\"content\":\" \",\"start\":1,\"stop\":0}}",
                json.substring(0, json.length() / 2),
                json.substring(0, json.length() - 1),
                json.replace("\"ByteLevel\"", "\"ByteLevle\""))) {
            Files.writeString(file, damaged);
            assertThatThrownBy(() -> Tokenizer.load(dir))
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining(file.toString())
                    .message()
                    .doesNotContain("\n");
        }
        Files.write(file, new byte[] {'{', (byte) 0xFF, '}'});
        assertThatThrownBy(() -> Tokenizer.load(dir))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("not UTF-8");
    }

    /** The library of the tokenizers panics over numbers, nesting and surrogates of a decoder that it cannot represent. */
    @Test
    void whatIsOddInADecoderEndsNoProcess(@TempDir Path dir) throws IOException {
        String json = Files.readString(QWEN2.resolve("tokenizer.json"));
        String decoder = "\"decoder\":{\"type\":\"ByteLevel\"";
        String plain = JsonMapper.shared().readTree(json).toString();
        assertThat(plain).contains(decoder);
        for (String odd :
                List.of("1e999", "-1e999", "[".repeat(300) + "]".repeat(300), "\"\\ud800\"", "\"a\", \"odd\": 1e999")) {
            Files.writeString(dir.resolve("tokenizer.json"), plain.replace(decoder, decoder + ",\"odd\":" + odd));

            try (Tokenizer tokenizer = Tokenizer.load(dir)) {
                int[] ids = tokenizer.encode("Hello, world", false);
                assertThat(tokenizer.decode(ids, false)).isEqualTo("Hello, world");
            }
        }
    }

    @Test
    void aClosedTokenizerRefusesToEncode() {
        Tokenizer tokenizer = Tokenizer.load(QWEN2);
        tokenizer.close();
        tokenizer.close();
        assertThatThrownBy(() -> tokenizer.encode("a", true)).isInstanceOf(IllegalStateException.class);
    }
}
