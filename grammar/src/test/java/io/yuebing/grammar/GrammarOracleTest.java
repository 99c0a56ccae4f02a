package io.yuebing.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.OutputConstraint;
import io.yuebing.api.OutputConstraint.Kind;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Grammars in GBNF and Lark's notation match what an independent recogniser says. */
class GrammarOracleTest {
    private static final int GRAMMARS = 2000;
    private static final int TEXTS = 25;
    private static final int END = 256;
    private static final ConstraintCompiler COMPILER = new ConstraintCompiler(shown ->
            new Vocabulary(END + 1, id -> id == END ? new byte[0] : new byte[] {(byte) id}));

    @Test
    void grammarsMatchWhatTheRecogniserMatches() {
        int refused = 0;
        int matched = 0;
        int narrowed = 0;
        for (int seed = 0; seed < GRAMMARS; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            RandomGrammar grammar = new RandomGrammar(random);
            String source = seed % 2 == 0 ? grammar.gbnf() : grammar.lark();
            Automaton automaton;
            try {
                automaton = AutomatonBuilder.build(EbnfParser.parse(source));
            } catch (GrammarException e) {
                assertThat(e.getMessage())
                        .as("seed %d, grammar%n%s", seed, source)
                        .containsAnyOf("left-recursive", "matches no text");
                refused++;
                continue;
            }
            TokenMasks masks = new TokenMasks(automaton, new Vocabulary(END, id -> new byte[] {(byte) id}));
            for (int i = 0; i < TEXTS; i++) {
                String text = i % 2 == 0 ? grammar.text() : mutated(grammar.text(), random);
                boolean expected = grammar.matches(text);
                matched += expected ? 1 : 0;
                OutputState state = new OutputState(masks, List.of());
                boolean accepted = accepts(state, text);
                narrowed += state.narrowed() ? 1 : 0;
                if (!state.narrowed() || accepted) {
                    assertThat(accepted)
                            .as("seed %d, text \"%s\", grammar%n%s", seed, text, source)
                            .isEqualTo(expected);
                }
            }
        }
        assertThat(refused).as("refused grammars").isLessThan(GRAMMARS / 3);
        assertThat(narrowed).as("texts with too many ways").isLessThan(GRAMMARS * TEXTS / 20);
        assertThat(matched).as("texts that match").isGreaterThan(GRAMMARS * TEXTS / 4);
    }

    private static String mutated(String text, SplittableRandom random) {
        StringBuilder mutated = new StringBuilder(text);
        for (int i = random.nextInt(3); i >= 0; i--) {
            int at = random.nextInt(mutated.length() + 1);
            switch (random.nextInt(3)) {
                case 0 -> mutated.insert(at, "abcéx".charAt(random.nextInt(5)));
                case 1 -> mutated.delete(at, Math.min(at + 1, mutated.length()));
                default -> mutated.replace(at, Math.min(at + 1, mutated.length()), "b");
            }
        }
        return mutated.toString();
    }

    private static boolean accepts(OutputState state, String text) {
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            if (!state.accept(b & 0xFF)) {
                return false;
            }
        }
        return state.accepting();
    }

    private static boolean accepts(String grammar, String text) {
        return accepts(COMPILER.begin(new OutputConstraint(Kind.GRAMMAR, grammar), List.of(END)), text);
    }

    private static final String SQL = """
            ?start: select_statement

            ?select_statement: "SELECT " column_list " FROM " table_name

            ?column_list: column_name ("," column_name)*

            ?table_name: identifier
            ?column_name: identifier

            ?identifier: /[a-zA-Z_][a-zA-Z0-9_]*/
            """;

    private static final String CALCULATOR = """
            // sums and products, from the left
            %import common.NUMBER
            %import common (WS_INLINE, CNAME)
            %ignore WS_INLINE
            start: sum | CNAME "=" sum -> assign
            ?sum: product
                | sum "+" product-> add
                | sum "-" product   -> sub
            ?product: atom
                | product ("*"|"/") atom
            ?atom.2: NUMBER -> number  # a leaf
                | "-" atom
                | "(" sum ")"
            """;

    private static final String LETTERS = """
            start: greeting HEX~2..3 ["!"] (";" | )
            greeting: "hi"i | 'h\\u00e9' | /y.s/is
            HEX: "a".."f" | DIGIT
            %import common.DIGIT
            """;

    private static final String GBNF = """
            # names with digits and hyphens, rules over lines
            root ::= r-1 (
                "\\x2d" [^\\n\\]a-c]  # not these
              | )
              r-1{,2}
            r-1 ::= "\\u65e5" | "\\U0001F600"
                  | [\\x30-\\x39]{2,}
            """;

    @ParameterizedTest
    @CsvSource({
        "SQL,SELECT a_1 FROM b,true",
        "SQL,'SELECT a,b FROM t',true",
        "SQL,SELECT 1 FROM b,false",
        "SQL,SELECT a FROM,false",
        "CALCULATOR,1 + 2.5*(3 -4)/ 5,true",
        "CALCULATOR,x_1 = -1-2-3,true",
        "CALCULATOR,1 2,false",
        "CALCULATOR,1+,false",
        "CALCULATOR,' 1',false",
        "LETTERS,Hiaf!;,true",
        "LETTERS,hé019,true",
        "LETTERS,'Y\nSff',true",
        "LETTERS,hif,false",
        "LETTERS,HÉff,false",
        "GBNF,日-x😀12,true",
        "GBNF,12,true",
        "GBNF,1,false",
        "GBNF,12-a,false",
        "GBNF,12-],false",
        "GBNF,日日日,true",
        "GBNF,日日日日,false",
    })
    void grammarsThatPeopleWriteMatch(String grammar, String text, boolean matches) {
        String source = switch (grammar) {
            case "SQL" -> SQL;
            case "CALCULATOR" -> CALCULATOR;
            case "LETTERS" -> LETTERS;
            default -> GBNF;
        };
        assertThat(accepts(source, text)).isEqualTo(matches);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '!',
            value = {
                "start: x!no rule named x, which another rule uses",
                "start: \"a\" %declare B!%declare is not supported",
                "%import python.NAME!not of python",
                "%import common.NAM!common has no terminal NAM; it has CNAME",
                "start: /a!a '/' is never closed (line 1)",
                "start: /a/x!the flag x of /a/ is unknown",
                "start: /[^a]/i!the flag i is not supported beside",
                "start: \"b\"..\"a\"!two characters in order",
                "start: \"a\"~3..2!n <= m",
                "start: (\"a\"!a '(' is never closed",
                "start: <|tool|>!unexpected '<'",
                "yes or no!expected a rule such as: start:",
                "root ::= \"\\q\"!the escape \\q is unknown",
            })
    void mistakesAreNamed(String grammar, String message) {
        assertThatThrownBy(() -> EbnfParser.parse(grammar))
                .isInstanceOf(GrammarException.class)
                .hasMessageContaining(message);
    }
}
