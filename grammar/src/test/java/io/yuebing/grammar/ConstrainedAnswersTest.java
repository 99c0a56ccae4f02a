package io.yuebing.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.networknt.schema.InputFormat;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import io.yuebing.api.OutputConstraint;
import io.yuebing.api.OutputConstraint.Kind;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/** Whatever the logits, the answer is what its constraint says. */
class ConstrainedAnswersTest {
    private static final Answers QWEN = new Answers("qwen2");
    private static final Answers MISTRAL = new Answers("mistral");
    private static final JsonSchemaFactory VALIDATORS = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012);

    @Test
    void answersOfRandomSchemasValidate() {
        for (int seed = 0; seed < 1000; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            String source = new RandomSchemas(random).next();
            Answers answers = seed % 2 == 0 ? QWEN : MISTRAL;
            Optional<String> answer;
            try {
                answer = answers.sample(new OutputConstraint(Kind.JSON, source), random, 3000);
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed + ", schema " + source, e);
            }
            assertThat(answer).as("seed %d, schema %s: ended", seed, source).isPresent();
            JsonSchema schema = VALIDATORS.getSchema(source);
            assertThat(schema.validate(
                            answer.get(),
                            InputFormat.JSON,
                            context -> context.getExecutionConfig().setFormatAssertionsEnabled(true)))
                    .as("seed %d, schema %s, answer %s", seed, source, answer.get())
                    .isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[a-c]{3,5}x?",
                "(foo|ba[rz])+\\d{2}",
                "[^\\n]{1,8}",
                "\\w{1,5}@\\w{1,5}\\.(com|org)",
                "(?:é|日本|\\u20ac){2,4}",
                "-?(0|[1-9]\\d*)(\\.\\d+)?",
                "^\\S{1,4}\\s\\(x\\)$",
                "a*?b{2,}?[\\]\\-z]"
            })
    void answersMatchTheExpression(String expression) {
        for (int seed = 0; seed < 40; seed++) {
            String answer = QWEN.sample(new OutputConstraint(Kind.REGEX, expression), new SplittableRandom(seed), 2000)
                    .orElseThrow();
            assertThat(Pattern.matches(expression, answer))
                    .as("seed %d, %s", seed, answer)
                    .isTrue();
        }
    }

    @Test
    void theAnswerIsOneOfTheChoices() {
        List<String> choices = List.of("yes", "yes, but", "no", "vielleicht", "可能");
        OutputConstraint constraint =
                new OutputConstraint(Kind.CHOICE, "[\"yes\",\"yes, but\",\"no\",\"vielleicht\",\"可能\"]");
        for (int seed = 0; seed < 100; seed++) {
            assertThat(MISTRAL.sample(constraint, new SplittableRandom(seed), 50))
                    .as("seed %d", seed)
                    .hasValueSatisfying(answer -> assertThat(choices).contains(answer));
        }
    }

    @Test
    void answersFollowRecursiveGrammars() {
        OutputConstraint arithmetic = new OutputConstraint(Kind.GRAMMAR, """
                # sums of products
                root   ::= term (ws [-+] ws term){0,3}
                term   ::= factor ([*/] factor)?
                factor ::= [0-9]{1,3} | "(" root ")"
                ws     ::= " "*
                """);
        for (int seed = 0; seed < 50; seed++) {
            Optional<String> answer = QWEN.sample(arithmetic, new SplittableRandom(seed), 300);
            answer.ifPresent(text -> assertThat(balanced(text)).as(text).isTrue());
        }
        OutputConstraint csv = new OutputConstraint(Kind.GRAMMAR, """
                root ::= row{2,4}
                row  ::= cell ("," cell){2}
                         "\\n"
                cell ::= [a-z]{1,4} | "\\"" [^"\\n]{0,3} "\\""
                """);
        for (int seed = 0; seed < 50; seed++) {
            assertThat(QWEN.sample(csv, new SplittableRandom(seed), 300))
                    .hasValueSatisfying(text ->
                            assertThat(text).matches("((([a-z]{1,4}|\"[^\"\\n]{0,3}\")(,|\\n(?=.|$|\\n))){3}){2,4}"));
        }
    }

    private static boolean balanced(String text) {
        int depth = 0;
        for (char c : text.toCharArray()) {
            depth += c == '(' ? 1 : c == ')' ? -1 : 0;
            if (depth < 0) {
                return false;
            }
        }
        return depth == 0;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"type\":\"string\",\"format\":\"email\",\"maxLength\":255}",
                "{\"type\":\"string\",\"pattern\":\"^[A-Z\\\"]{2,3}$\",\"minLength\":2,\"maxLength\":3}"
            })
    void lengthsThatAPatternOrFormatHasAnywayAreTaken(String schema) {
        ConstraintCompiler.check(new OutputConstraint(Kind.JSON, schema));
    }

    @Test
    void multiplesAreExactlyThoseBetweenTheBounds() {
        for (String step : List.of("1", "3", "4", "7", "10", "25", "60", "1024", "0.5", "0.25", "0.75", "1.2", "2.0")) {
            BigDecimal least = new BigDecimal("-130.3");
            BigDecimal most = new BigDecimal("1251.5");
            for (boolean whole : new boolean[] {true, false}) {
                String schema = "{\"type\":\"%s\",\"multipleOf\":%s,\"minimum\":%s,\"maximum\":%s}"
                        .formatted(whole ? "integer" : "number", step, least, most);
                Set<String> expected = new TreeSet<>();
                BigDecimal by = new BigDecimal(step).stripTrailingZeros();
                BigDecimal first = least.divide(by, 0, RoundingMode.CEILING).multiply(by);
                for (BigDecimal at = first; at.compareTo(most) <= 0; at = at.add(by)) {
                    boolean isWhole = at.stripTrailingZeros().scale() <= 0;
                    if (isWhole) {
                        expected.add(at.setScale(0).toPlainString());
                    }
                    if (!whole && by.scale() > 0) {
                        expected.add(at.setScale(by.scale()).toPlainString());
                    }
                }
                assertThat(texts(schema)).as(schema).containsExactlyElementsOf(expected);
            }
        }
    }

    /** All texts of a constraint, letter by letter. */
    private static Set<String> texts(String schema) {
        Automaton automaton = AutomatonBuilder.build(
                JsonSchemaCompiler.compile(JsonMapper.shared().readTree(schema)));
        Set<String> found = new TreeSet<>();
        texts(automaton, automaton.start(), "", found);
        return found;
    }

    private static void texts(Automaton automaton, int node, String before, Set<String> found) {
        if (automaton.accepting(node)) {
            found.add(before);
        }
        for (char c : "-.0123456789".toCharArray()) {
            if (automaton.next(node, c) >= 0) {
                texts(automaton, automaton.next(node, c), before + c, found);
            }
        }
    }

    @Test
    void aNullableRuleMayBeRepeated() {
        OutputConstraint constraint = new OutputConstraint(Kind.GRAMMAR, "root ::= (ws \"a\"? ws)* \"b\"\nws ::= [ ]*");
        assertThat(QWEN.sample(constraint, new SplittableRandom(1), 500))
                .hasValueSatisfying(text -> assertThat(text).matches("[ a]*b"));
    }

    @Test
    void anAnswerMayEndOnlyWhereItIsComplete() {
        OutputState state = QWEN.begin(new OutputConstraint(Kind.CHOICE, "[\"a\",\"ab\"]"));
        assertThat(state.accepting()).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "JSON|{\"type\":\"object\",\"dependentSchemas\":{}}|keyword \"dependentSchemas\" at # is not enforced",
                "JSON|{\"patternProperties\":{\"a\":{\"type\":\"string\"},\"b\":{\"type\":\"null\"}},\"additionalProperties\":false}|keyword \"type\" at #/patternProperties differs",
                "JSON|{\"propertyNames\":{\"anyOf\":[{}]}}|propertyNames at # is enforced with pattern, format, lengths, enum and const, not with anyOf",
                "JSON|{\"type\":\"object\",\"minProperties\":2}|minProperties at # is enforced only up to one more than the 0 named",
                "JSON|{\"properties\":{\"a\":{}},\"minProperties\":2}|matches no text",
                "JSON|{\"properties\":{\"a\":{}},\"dependentRequired\":{\"a\":[\"b\"]},\"additionalProperties\":false}|dependentRequired at # names \"b\"",
                "JSON|{\"properties\":{\"a\":{}},\"propertyNames\":{\"maxLength\":0},\"required\":[\"a\"]}|matches no text",
                "JSON|{\"not\":{\"minimum\":3}}|keyword \"not\" at # is enforced only with type, enum or const",
                "JSON|{\"type\":\"number\",\"not\":{\"type\":\"integer\"}}|keyword \"not\" at # is enforced only of type integer where",
                "JSON|{\"type\":\"integer\",\"not\":{\"const\":3}}|keyword \"not\" at # is enforced only of strings, booleans and null",
                "JSON|{\"enum\":[\"a\"],\"not\":{\"const\":\"a\"}}|matches no text",
                "JSON|{\"type\":\"array\",\"contains\":{},\"prefixItems\":[{}]}|contains at # is not enforced beside prefixItems",
                "JSON|{\"type\":\"array\",\"contains\":{\"type\":\"null\"},\"items\":{\"type\":\"string\"}}|keyword \"type\" at #/contains differs",
                "JSON|{\"type\":\"array\",\"contains\":{},\"maxContains\":2}|keyword \"maxContains\" at # is not enforced",
                "JSON|{\"type\":\"object\",\"if\":{\"minProperties\":1},\"then\":{}}|\"if\" at # is about something else than const or enum of one property",
                "JSON|{\"type\":\"object\",\"if\":{\"properties\":{\"a\":{\"const\":1}}},\"then\":{}}|\"if\" at # is about the property \"a\", which is not among",
                "JSON|{\"type\":\"integer\",\"multipleOf\":0}|multipleOf at # must be more than 0, got 0",
                "JSON|{\"type\":\"integer\",\"multipleOf\":1.2e99}|multipleOf 12",
                "JSON|{\"type\":\"number\",\"multipleOf\":0.12345}|multipleOf 0.12345 at # is not enforced",
                "JSON|{\"type\":\"integer\",\"multipleOf\":7,\"minimum\":8,\"maximum\":13}|matches no text",
                "JSON|{\"type\":\"array\",\"uniqueItems\":true}|uniqueItems at # is enforced only for items with an enum",
                "JSON|{\"items\":{\"enum\":[1,1.0]},\"uniqueItems\":true}|enum at #/items has 1.0 twice",
                "JSON|{\"items\":{\"type\":\"boolean\"},\"uniqueItems\":true,\"minItems\":3}|matches no text",
                "JSON|{\"type\":\"text\"}|type at # must be one of",
                "JSON|{\"$ref\":\"#/$defs/none\"}|which is not in the schema",
                "JSON|{\"$ref\":\"#\"}|matches no text",
                "JSON|{\"oneOf\":[{\"type\":\"number\"},{\"type\":\"integer\"}]}|oneOf at # is not enforced",
                "JSON|{\"type\":\"string\",\"format\":\"color\"}|format \"color\" at # is not enforced",
                "JSON|{\"type\":\"string\",\"minLength\":3,\"maxLength\":2}|minLength at # is 3, more than maxLength 2",
                "JSON|{\"type\":\"string\",\"format\":\"uuid\",\"maxLength\":30}|whose texts have 36 to 36 characters",
                "JSON|{\"type\":\"string\",\"pattern\":\"^a*$\",\"maxLength\":30}|whose texts have 0 to any number of",
                "JSON|{\"type\":\"integer\",\"minimum\":3,\"maximum\":2}|matches no text",
                "JSON|{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"#\"}},\"required\":[\"a\"]}|matches no text",
                "JSON|{\"type\":|not valid JSON",
                "REGEX|(a{1000}){1000}|too large",
                "REGEX|[ab]*a[ab]{40}|too large",
                "REGEX|a(?=b)|a lookahead or inline flags",
                "REGEX|a\\b|the escape \\b",
                "GRAMMAR|root ::= \" \"* root? \"a\"|left-recursive",
                "GRAMMAR|root ::= root \"a\"|matches no text",
                "GRAMMAR|root ::= x|no rule named x",
                "GRAMMAR|start ::= \"a\"|no rule named root",
                "CHOICE|[1]|Each choice must be a string",
            })
    void whatCannotBeKeptIsRefused(Kind kind, String source, String message) {
        assertThatThrownBy(() -> ConstraintCompiler.check(new OutputConstraint(kind, source)))
                .isInstanceOf(GrammarException.class)
                .hasMessageContaining(message);
    }
}
