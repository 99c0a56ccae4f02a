package io.yuebing.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.api.OutputConstraint;
import io.yuebing.api.OutputConstraint.Kind;
import java.time.Duration;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Constraints made to be expensive are compiled or refused in bounded time and stack. */
class HostileConstraintsTest {
    private static final List<OutputConstraint> CONSTRAINTS = List.of(
            grammar("start: " + "x".repeat(50_000)),
            grammar("start: " + "(".repeat(50_000)),
            grammar("start: \"a\"" + " ".repeat(200_000) + "?"),
            grammar("start: /" + "(a|b)*".repeat(5_000) + "/"),
            grammar(rules(9_000, i -> "r" + i + " ::= r" + (i + 1) + "\n", "root ::= r0\n")),
            grammar(rules(4_000, i -> "r" + i + " ::= r" + (i + 1) % 4_000 + " \"a\" | \"b\"\n", "root ::= r0\n")),
            grammar(rules(90, i -> "r" + i + " ::= r" + (i + 1) % 90 + " \"a\" | \"b\"\n", "root ::= r0\n")),
            grammar(rules(
                    60, i -> "r" + i + " ::= r" + (i + 1) + " r" + (i + 1) + "\n", "r60 ::= \"a\"?\nroot ::= r0\n")),
            grammar(rules(
                    99,
                    i -> "r" + i + " ::= " + "(".repeat(90) + "r" + (i + 1) + ")".repeat(90) + "\n",
                    "r99 ::= \"a\"\nroot ::= r0\n")),
            json(rules(
                            2_000,
                            i -> "\"p" + i + "\":{\"patternProperties\":{\"^(a{0,10}){0,90}$\":{}}},",
                            "{\"properties\":{")
                    + "\"last\":{}}}"),
            json("{\"patternProperties\":{" + rules(14, i -> "\"a.{" + i + "}b\":{},", "") + "\"z\":{}}}"),
            json("{\"properties\":{" + rules(20, i -> "\"p" + i + "\":{},", "") + "\"z\":{}},\"dependentRequired\":{"
                    + rules(20, i -> "\"p" + i + "\":[\"z\"],", "") + "\"z\":[]}}"),
            json("{\"minProperties\":10000,\"maxProperties\":10000}"),
            json("{\"type\":\"array\",\"contains\":{},\"minContains\":10000,\"maxItems\":10000}"));

    private static String rules(int count, IntFunction<String> rule, String first) {
        return first + IntStream.range(0, count).mapToObj(rule).collect(Collectors.joining());
    }

    private static OutputConstraint grammar(String source) {
        return new OutputConstraint(Kind.GRAMMAR, source);
    }

    private static OutputConstraint json(String source) {
        return new OutputConstraint(Kind.JSON, source);
    }

    @Test
    void theyAreCompiledOrRefusedSoon() {
        for (OutputConstraint constraint : CONSTRAINTS) {
            long start = System.nanoTime();
            try {
                ConstraintCompiler.check(constraint);
            } catch (GrammarException e) {
                assertThat(e.getMessage()).as(shown(constraint)).doesNotContain("\n");
            }
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .as(shown(constraint))
                    .isLessThan(Duration.ofSeconds(20));
        }
    }

    private static String shown(OutputConstraint constraint) {
        return constraint.source().substring(0, Math.min(60, constraint.source().length()));
    }
}
