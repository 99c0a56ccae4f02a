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
    void aForcedCallIsReadWhateverTheTemplate() throws Exception {
        String call = "{\"name\": \"weather\", \"parameters\": {\"city\": \"Rome\"}}";
        server.generator.say(TestServer.TOKENIZER.encode(call, false));
        JsonNode answer = server.ok("/v1/chat/completions", body(TOOLS + ",\"tool_choice\":\"required\""));
        JsonNode choice = answer.path("choices").get(0);
        JsonNode function = choice.path("message").path("tool_calls").get(0).path("function");
        assertThat(function.path("name").stringValue()).isEqualTo("weather");
        assertThat(TestServer.json(function.path("arguments").stringValue())
                        .path("city")
                        .stringValue())
                .isEqualTo("Rome");
        assertThat(choice.path("finish_reason").stringValue()).isEqualTo("tool_calls");
        assertThat(server.generator.awaitRequest().constraint().orElseThrow().source())
                .contains("weather")
                .contains("clock");
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
