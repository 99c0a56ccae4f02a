package io.yuebing.dialect;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.api.GenerationDefaults;
import io.yuebing.api.OutputConstraint;
import io.yuebing.api.OutputConstraint.Kind;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

class ConstraintFieldsTest {
    private static final String TOOLS = ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"weather\","
            + "\"parameters\":{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}},\"required\":[\"city\"]}}},"
            + "{\"type\":\"function\",\"function\":{\"name\":\"clock\"}}]";

    private static TestServer server;

    @BeforeAll
    static void start() {
        server = new TestServer(SurfaceOptions.of("1.2.3").withParsers("hermes", "qwen3"), GenerationDefaults.NONE);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @BeforeEach
    void forget() {
        server.generator.requests.clear();
        server.generator.say(1);
    }

    private static String body(String fields) {
        return "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]" + fields + "}";
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"response_format\":{\"type\":\"json_object\"}|JSON|{\"type\":\"object\"}",
                "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"x\",\"strict\":true,\"schema\":{\"type\":\"null\"}}}|JSON|{\"type\":\"null\"}",
                "\"structured_outputs\":{\"json\":{\"type\":\"null\"}}|JSON|{\"type\":\"null\"}",
                "\"structured_outputs\":{\"json\":\"{}\"}|JSON|{}",
                "\"structured_outputs\":{\"regex\":\"a+\"}|REGEX|a+",
                "\"structured_outputs\":{\"choice\":[\"a\",\"b\"]}|CHOICE|[\"a\",\"b\"]",
                "\"structured_outputs\":{\"json_object\":true}|JSON|{\"type\":\"object\"}",
                "\"guided_json\":{\"type\":\"null\"}|JSON|{\"type\":\"null\"}",
                "\"guided_regex\":\"a+\"|REGEX|a+",
                "\"guided_choice\":[\"a\"]|CHOICE|[\"a\"]",
            })
    void everyFormReachesTheGenerator(String field, Kind kind, String source) throws Exception {
        server.ok("/v1/chat/completions", body("," + field));
        assertThat(server.generator.awaitRequest().constraint()).contains(new OutputConstraint(kind, source));
    }

    @Test
    void twoConstraintsAreRefused() throws Exception {
        String answer = server.post("/v1/chat/completions", body(",\"guided_regex\":\"a\",\"guided_choice\":[\"a\"]"))
                .body();
        assertThat(answer).contains("Only one constraint can hold").contains("guided_choice");
    }

    @Test
    void forcedCallsAreReadWhateverTheTemplate() throws Exception {
        String calls =
                "[{\"name\": \"weather\", \"parameters\": {\"city\": \"Rome\"}}, {\"name\": \"clock\", \"parameters\": {}}]";
        server.generator.say(TestServer.TOKENIZER.encode(calls, false));
        JsonNode answer = server.ok("/v1/chat/completions", body(TOOLS + ",\"tool_choice\":\"required\""));
        JsonNode choice = answer.path("choices").get(0);
        JsonNode read = choice.path("message").path("tool_calls");
        assertThat(read.size()).isEqualTo(2);
        assertThat(read.get(0).path("function").path("name").stringValue()).isEqualTo("weather");
        assertThat(TestServer.json(
                                read.get(0).path("function").path("arguments").stringValue())
                        .path("city")
                        .stringValue())
                .isEqualTo("Rome");
        assertThat(read.get(1).path("function").path("name").stringValue()).isEqualTo("clock");
        assertThat(choice.path("message").path("content").asString("")).isEmpty();
        assertThat(choice.path("finish_reason").stringValue()).isEqualTo("tool_calls");
        assertThat(server.generator.awaitRequest().constraint().orElseThrow().source())
                .contains("weather")
                .contains("clock")
                .doesNotContain("maxItems");
    }

    @Test
    void withoutParallelCallsExactlyOneIsForced() throws Exception {
        server.ok("/v1/chat/completions", body(TOOLS + ",\"tool_choice\":\"required\",\"parallel_tool_calls\":false"));
        assertThat(server.generator.awaitRequest().constraint().orElseThrow().source())
                .contains("\"maxItems\":1");
    }

    @Test
    void toolsWithDefinitionsOfTheSameNameAreForcedTogether() throws Exception {
        String tools =
                ",\"tool_choice\":\"required\",\"tools\":[" + tool("a", "string") + "," + tool("b", "null") + "]";
        server.ok("/v1/chat/completions", body(tools));
        assertThat(server.generator.awaitRequest().constraint().orElseThrow().source())
                .contains("#/$defs/tool0/$defs/value", "#/$defs/tool1/$defs/value");
    }

    private static String tool(String name, String type) {
        return "{\"type\":\"function\",\"function\":{\"name\":\"" + name + "\",\"parameters\":{\"type\":\"object\","
                + "\"properties\":{\"v\":{\"$ref\":\"#/$defs/value\"}},\"$defs\":{\"value\":{\"type\":\"" + type
                + "\"}}}}}";
    }

    @Test
    void aReasoningModelMayThinkBeforeItsConstraint() throws Exception {
        server.ok("/v1/chat/completions", body(",\"guided_regex\":\"a\""));
        assertThat(server.generator.awaitRequest().sampling().thinkingBudget())
                .hasValueSatisfying(budget -> assertThat(budget.tokens()).isEqualTo(Integer.MAX_VALUE));
    }

    @Test
    void aNamedToolIsTheOnlyOneThatCanBeCalled() throws Exception {
        server.ok(
                "/v1/chat/completions",
                body(TOOLS + ",\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"clock\"}}"));
        assertThat(server.generator.awaitRequest().constraint().orElseThrow().source())
                .contains("clock")
                .doesNotContain("weather");
    }
}
