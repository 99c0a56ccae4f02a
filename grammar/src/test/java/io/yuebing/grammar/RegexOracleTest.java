package io.yuebing.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Regular expressions mean what they mean to java.util.regex. */
class RegexOracleTest {
    private static final int EXPRESSIONS = 3000;
    private static final int TEXTS = 40;

    private static final List<String> CHARACTERS =
            List.of("a", "b", "c", "1", "_", "-", " ", "\n", "é", "🎉", "]", ".", "^");
    private static final List<String> ATOMS = List.of(
            "a",
            "b",
            "1",
            "é",
            "🎉",
            "-",
            "_",
            " ",
            ".",
            "\\d",
            "\\D",
            "\\w",
            "\\W",
            "\\s",
            "\\S",
            "\\.",
            "\\-",
            "\\]",
            "\\n",
            "\\x61",
            "\\u00e9",
            "[ab]",
            "[^a]",
            "[a-c1]",
            "[^\\d\\s]",
            "[\\w-]",
            "[-a]",
            "[.^]",
            "[\\]\\^]",
            "[é-ü🎉]",
            "[^🎉]",
            "[a\\-c]",
            "]",
            "}");
    private static final List<String> QUANTIFIERS =
            List.of("*", "+", "?", "{2}", "{0}", "{1,}", "{0,2}", "{2,3}", "*?", "+?", "??", "{1,2}?");

    private int tooLarge;

    private static String expression(SplittableRandom random, int depth) {
        StringBuilder text = new StringBuilder();
        for (int options = 1 + random.nextInt(3) / 2; options > 0; options--) {
            for (int parts = random.nextInt(4); parts > 0; parts--) {
                text.append(
                        depth > 0 && random.nextInt(3) == 0
                                ? List.of("(", "(?:", "(?<n" + depth + random.nextInt(1 << 20) + ">")
                                                .get(random.nextInt(3))
                                        + expression(random, depth - 1) + ")"
                                : ATOMS.get(random.nextInt(ATOMS.size())));
                if (random.nextInt(3) == 0) {
                    text.append(QUANTIFIERS.get(random.nextInt(QUANTIFIERS.size())));
                }
            }
            text.append(options > 1 ? "|" : "");
        }
        return text.toString();
    }

    private static String text(SplittableRandom random) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(7); i > 0; i--) {
            text.append(CHARACTERS.get(random.nextInt(CHARACTERS.size())));
        }
        return text.toString();
    }

    /** Whether a text is one of an expression's; null if its automaton is too large to be made. */
    private @Nullable Predicate<String> accepting(Expr expr) {
        try {
            Automaton automaton = AutomatonBuilder.build(List.of(expr));
            return text -> automaton.acceptsPlain(text.getBytes(StandardCharsets.UTF_8));
        } catch (GrammarException e) {
            if (String.valueOf(e.getMessage()).contains("too large")) {
                tooLarge++;
                return null;
            }
            // such as a class that excludes everything
            assertThat(e).hasMessageContaining("matches no text");
            return _ -> false;
        }
    }

    @Test
    void wholeTextsMatchAsJavaSays() {
        int matches = 0;
        for (int seed = 0; seed < EXPRESSIONS; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            String source = expression(random, 2);
            Pattern oracle = Pattern.compile(source);
            @Nullable Predicate<String> accepts = accepting(RegexParser.whole(source));
            for (int i = 0; i < TEXTS && accepts != null; i++) {
                String text = text(random);
                boolean expected = oracle.matcher(text).matches();
                assertThat(accepts.test(text))
                        .as("seed %d, /%s/ on '%s'", seed, source, text)
                        .isEqualTo(expected);
                matches += expected ? 1 : 0;
            }
        }
        assertThat(matches).as("texts that match at all").isGreaterThan(EXPRESSIONS);
        assertThat(tooLarge).as("too large").isLessThan(EXPRESSIONS / 100);
    }

    @Test
    void matchesAreFoundAsJavaSays() {
        for (int seed = 0; seed < EXPRESSIONS; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            boolean begin = random.nextBoolean();
            boolean end = random.nextBoolean();
            String inner = "(" + expression(random, 1) + ")";
            // Java's $ also matches before a line's end at the end
            Pattern oracle = Pattern.compile((begin ? "^" : "") + inner + (end ? "\\z" : ""));
            String source = (begin ? "^" : "") + inner + (end ? "$" : "");
            @Nullable Predicate<String> accepts = accepting(RegexParser.search(source, Expr::chars));
            for (int i = 0; i < TEXTS && accepts != null; i++) {
                String text = text(random);
                assertThat(accepts.test(text))
                        .as("seed %d, /%s/ on '%s'", seed, source, text)
                        .isEqualTo(oracle.matcher(text).find());
            }
        }
    }
}
