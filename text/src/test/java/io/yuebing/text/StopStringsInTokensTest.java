package io.yuebing.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Stop strings in the text of tokens, which cut characters and stop strings wherever they like. */
class StopStringsInTokensTest {
    private static final String TEXT = "Die Antwort: 世界 🌍👩‍👩‍👧 naïve ½ END\n\nUser: 日本語 the end.";

    static List<Path> tokenizers() {
        return TokenizerFixture.directories();
    }

    @ParameterizedTest
    @MethodSource("tokenizers")
    void areFoundAsInTheWholeText(Path dir) {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        int found = 0;
        try (Tokenizer tokenizer = Tokenizer.load(dir)) {
            Map<Byte, Integer> byteTokens = byteTokens(tokenizer);
            for (int round = 0; round < 400; round++) {
                int[] ids = cut(tokenizer, byteTokens, random);
                String whole = tokenizer.decode(ids, false);
                List<String> stops = stops(whole, random);
                boolean keep = random.nextBoolean();
                StopStrings matcher = new StopStrings(stops, keep);
                String shown = shown(new Detokenizer(tokenizer, false), matcher, ids);
                String where =
                        "%s, seed %d, round %d: %s in %s".formatted(dir, seed, round, stops, Arrays.toString(ids));
                assertThat(shown).as(where).isEqualTo(expected(stops, keep, whole));
                found += matcher.matched().isPresent() ? 1 : 0;
            }
        }
        assertThat(found).as("seed %d", seed).isBetween(100, 399);
    }

    private static String shown(Detokenizer detokenizer, StopStrings matcher, int[] ids) {
        StringBuilder shown = new StringBuilder();
        for (int id : ids) {
            shown.append(matcher.append(detokenizer.append(id), true));
        }
        return shown.append(matcher.append(detokenizer.finish(), true))
                .append(matcher.finish())
                .toString();
    }

    private static String expected(List<String> stops, boolean keep, String whole) {
        for (int end = 1; end <= whole.length(); end++) {
            String soFar = whole.substring(0, end);
            String longest =
                    stops.stream().filter(soFar::endsWith).reduce("", (a, b) -> b.length() > a.length() ? b : a);
            if (!longest.isEmpty()) {
                return keep ? soFar : soFar.substring(0, end - longest.length());
            }
        }
        return whole;
    }

    /** Parts of the text, some of them with a character that does not follow. */
    private static List<String> stops(String whole, Random random) {
        List<String> stops = new ArrayList<>();
        int[] characters = whole.codePoints().toArray();
        while (stops.size() < 1 + random.nextInt(3)) {
            int from = random.nextInt(characters.length);
            int length = 1 + random.nextInt(Math.min(8, characters.length - from));
            String part = new String(characters, from, length);
            stops.add(random.nextInt(3) > 0 ? part + "✗" : part);
        }
        return stops;
    }

    /** The text in tokens that end at random places, also within characters. */
    private static int[] cut(Tokenizer tokenizer, Map<Byte, Integer> byteTokens, Random random) {
        int[] characters = TEXT.codePoints().toArray();
        List<Integer> ids = new ArrayList<>();
        int from = 0;
        while (from < characters.length) {
            int length = Math.min(characters.length - from, 1 + random.nextInt(12));
            String part = new String(characters, from, length);
            if (random.nextInt(3) == 0) {
                for (byte b : part.getBytes(StandardCharsets.UTF_8)) {
                    ids.add(byteTokens.getOrDefault(b, 0));
                }
            } else {
                Arrays.stream(tokenizer.encode(part, false)).forEach(ids::add);
            }
            from += length;
        }
        return ids.stream().mapToInt(id -> id).toArray();
    }

    private static Map<Byte, Integer> byteTokens(Tokenizer tokenizer) {
        Map<Byte, Integer> tokens = new HashMap<>();
        for (int id = 0; id < tokenizer.size(); id++) {
            byte[] bytes = tokenizer.tokenBytes(id);
            if (bytes.length == 1) {
                tokens.put(bytes[0], id);
            }
        }
        return tokens;
    }
}
