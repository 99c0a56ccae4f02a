package io.yuebing.text;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

class DetokenizerTest {
    static List<Path> directories() {
        return TokenizerFixture.directories();
    }

    @ParameterizedTest
    @MethodSource("directories")
    void piecesOfRandomStreamsAddUpToTheLibrarysDecoding(Path dir) {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        try (Tokenizer tokenizer = Tokenizer.load(dir)) {
            long library = TokenizersLibrary.LIB.createTokenizerFromString(
                    TextFiles.of(dir).find("tokenizer.json").orElseThrow());
            List<JsonNode> cases = TokenizerFixture.cases(dir);
            for (int round = 0; round < 2000; round++) {
                int[] ids = random.nextBoolean()
                        ? random.ints(random.nextInt(40), 0, tokenizer.size() + 5)
                                .toArray()
                        : spoiled(cases, random, tokenizer.size());
                boolean skip = random.nextBoolean();
                assertThat(streamed(tokenizer, ids, skip))
                        .as("%s, seed %d, round %d, ids %s", dir.getFileName(), seed, round, Arrays.toString(ids))
                        .isEqualTo(TokenizersLibrary.LIB.decode(
                                library, Arrays.stream(ids).asLongStream().toArray(), skip));
            }
            TokenizersLibrary.LIB.deleteTokenizer(library);
        }
    }

    /** A recorded text with some ids replaced: mostly whole characters, and some that break off. */
    private static int[] spoiled(List<JsonNode> cases, Random random, int size) {
        int[] ids = TokenizerFixture.ids(cases.get(random.nextInt(cases.size())).path("ids"));
        for (int i = 0; i < ids.length; i++) {
            if (random.nextInt(10) == 0) {
                ids[i] = random.nextInt(size);
            }
        }
        return ids;
    }

    private static String streamed(Tokenizer tokenizer, int[] ids, boolean skip) {
        Detokenizer detokenizer = new Detokenizer(tokenizer, skip);
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            String piece = detokenizer.append(id);
            assertThat(isWhole(piece))
                    .as("piece '%s' has no half character", piece)
                    .isTrue();
            text.append(piece);
        }
        return text.append(detokenizer.finish()).toString();
    }

    private static boolean isWhole(String piece) {
        return piece.isEmpty()
                || !Character.isLowSurrogate(piece.charAt(0))
                        && !Character.isHighSurrogate(piece.charAt(piece.length() - 1));
    }

    @ParameterizedTest
    @MethodSource("directories")
    void validTextNeverShowsAReplacementCharacter(Path dir) {
        String text = "🚀 中文 naïve 👩‍👩‍👧 日本語 ½";
        try (Tokenizer tokenizer = Tokenizer.load(dir)) {
            Detokenizer detokenizer = new Detokenizer(tokenizer, true);
            StringBuilder all = new StringBuilder();
            for (int id : tokenizer.encode(text, true)) {
                String piece = detokenizer.append(id);
                assertThat(piece).doesNotContain("\uFFFD");
                all.append(piece);
            }
            assertThat(all.append(detokenizer.finish()).toString().strip()).isEqualTo(text);
        }
    }

    @Test
    void incompleteBytesAreHeldBackUntilTheEnd() {
        try (Tokenizer tokenizer = Tokenizer.load(Path.of("src/test/resources/tokenizer/qwen2"))) {
            // The alphabet's spelling of the first three of an emoji's four bytes F0 9F 9A 80.
            int[] start = {
                tokenizer.idOf("ð").orElseThrow(),
                tokenizer.idOf("Ł").orElseThrow(),
                tokenizer.idOf("ļ").orElseThrow()
            };
            Detokenizer cut = new Detokenizer(tokenizer, true);
            Detokenizer broken = new Detokenizer(tokenizer, true);
            for (int id : start) {
                assertThat(cut.append(id)).isEmpty();
                assertThat(broken.append(id)).isEmpty();
            }
            assertThat(cut.finish()).isEqualTo("\uFFFD");
            assertThat(broken.append(tokenizer.idOf("a").orElseThrow())).isEqualTo("\uFFFDa");
            assertThat(broken.finish()).isEmpty();
        }
    }

    @Test
    void ordinaryTextIsNotHeldBack() {
        try (Tokenizer tokenizer = Tokenizer.load(Path.of("src/test/resources/tokenizer/mistral"))) {
            Detokenizer detokenizer = new Detokenizer(tokenizer, true);
            int[] ids = tokenizer.encode("the code is here", false);
            for (int id : ids) {
                assertThat(detokenizer.append(id)).isNotEmpty();
            }
        }
    }
}
