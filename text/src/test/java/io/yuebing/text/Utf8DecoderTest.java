package io.yuebing.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Utf8DecoderTest {
    @ParameterizedTest
    @CsvSource({
        "80, 1",
        "C0AF, 2",
        "C3, 1",
        "E28C, 1",
        "EDA080, 3",
        "F09F9A, 1",
        "F08080, 3",
        "F4908080, 4",
        "F5, 1",
        "E2E28C, 2",
        "FF, 1"
    })
    void eachMaximalBrokenPrefixBecomesOneReplacement(String hex, int replacements) {
        assertThat(decode(HexFormat.of().parseHex(hex))).isEqualTo("\uFFFD".repeat(replacements));
    }

    @Test
    void everyCharacterSurvives() {
        Random random = new Random(7);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 20_000; i++) {
            int codePoint = random.nextInt(random.nextBoolean() ? 0x800 : Character.MAX_CODE_POINT + 1);
            if (codePoint < Character.MIN_SURROGATE || codePoint > Character.MAX_SURROGATE) {
                text.appendCodePoint(codePoint);
            }
        }
        assertThat(decode(text.toString().getBytes(StandardCharsets.UTF_8))).isEqualTo(text.toString());
    }

    private static String decode(byte[] bytes) {
        Utf8Decoder decoder = new Utf8Decoder();
        StringBuilder out = new StringBuilder();
        decoder.append(bytes, out);
        decoder.finish(out);
        return out.toString();
    }
}
