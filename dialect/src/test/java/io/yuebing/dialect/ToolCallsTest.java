package io.yuebing.dialect;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.api.GenerationDefaults;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class ToolCallsTest {
    private static final String ARGUMENTS = "{\"city\": \"Zürich 🎉\"}";
    private static final String TEXT =
            "<think>\nHm.\n</think>\n\nSo:\n<tool_call>\n{\"name\": \"weather\", \"arguments\": " + ARGUMENTS
                    + "}\n</tool_call>";
    private static final String TOOLS =
            ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"weather\"}}],\"max_tokens\":150";
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
    void sayTheText() {
        server.generator.requests.clear();
        server.generator.say(TestServer.TOKENIZER.encode(TEXT, false));
    }

    private static String body(String fields) {
        return "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]" + fields + "}";
    }

    private static List<JsonNode> chunks(String fields) throws Exception {
        String events = server.post("/v1/chat/completions", body(fields + ",\"stream\":true"))
                .body();
        List<JsonNode> chunks = new ArrayList<>();
        for (String line : events.split("\n", -1)) {
            if (line.startsWith("data: {")) {
                chunks.add(TestServer.json(line.substring("data: ".length())));
            }
        }
        return chunks;
    }

    @Test
    void aWholeAnswerTellsCallsAndThoughtsFromContent() throws Exception {
        JsonNode body = server.ok("/v1/chat/completions", body(TOOLS + ",\"logprobs\":true"));
        JsonNode choice = body.path("choices").get(0);
        JsonNode message = choice.path("message");
        assertThat(message.path("content").stringValue()).isEqualTo("So:");
        assertThat(message.path("reasoning").stringValue()).isEqualTo("Hm.");
        assertThat(message.path("reasoning_content").stringValue()).isEqualTo("Hm.");
        JsonNode call = message.path("tool_calls").get(0);
        assertThat(call.path("id").stringValue()).startsWith("call_").hasSize(29);
        assertThat(call.path("type").stringValue()).isEqualTo("function");
        assertThat(call.path("function").path("name").stringValue()).isEqualTo("weather");
        assertThat(call.path("function").path("arguments").stringValue()).isEqualTo(ARGUMENTS);
        assertThat(choice.path("finish_reason").stringValue()).isEqualTo("tool_calls");
        assertThat(choice.path("logprobs").path("content").size())
                .isEqualTo(TestServer.TOKENIZER.encode(TEXT, false).length);
        assertThat(body.path("usage")
                        .path("completion_tokens_details")
                        .path("reasoning_tokens")
                        .intValue())
                .isBetween(1, TestServer.TOKENIZER.encode(TEXT, false).length / 2);
    }

    @Test
    void aStreamNamesTheCallFirstAndThenBringsItsArguments() throws Exception {
        StringBuilder content = new StringBuilder();
        StringBuilder reasoning = new StringBuilder();
        StringBuilder arguments = new StringBuilder();
        List<JsonNode> heads = new ArrayList<>();
        String finish = "";
        int tokens = 0;
        for (JsonNode chunk : chunks(TOOLS + ",\"return_token_ids\":true")) {
            JsonNode choice = chunk.path("choices").get(0);
            JsonNode delta = choice.path("delta");
            content.append(delta.path("content").asString(""));
            reasoning.append(delta.path("reasoning_content").asString(""));
            assertThat(delta.path("tool_calls").size()).isLessThanOrEqualTo(1);
            for (JsonNode call : delta.path("tool_calls")) {
                assertThat(call.path("index").intValue()).isZero();
                if (call.has("id")) {
                    heads.add(call);
                }
                assertThat(heads).hasSize(1);
                arguments.append(call.path("function").path("arguments").stringValue());
            }
            tokens += choice.path("token_ids").size();
            finish = choice.path("finish_reason").asString(finish);
        }
        assertThat(heads.getFirst().path("function").toString()).isEqualTo("{\"name\":\"weather\",\"arguments\":\"\"}");
        assertThat(content).hasToString("So:");
        assertThat(reasoning).hasToString("Hm.");
        assertThat(arguments).hasToString(ARGUMENTS);
        assertThat(finish).isEqualTo("tool_calls");
        assertThat(tokens).isEqualTo(TestServer.TOKENIZER.encode(TEXT, false).length);
    }

    @Test
    void withoutToolsOrWithNoneTheTextStays() throws Exception {
        for (String fields : List.of(",\"max_tokens\":150", TOOLS + ",\"tool_choice\":\"none\"")) {
            server.generator.requests.clear();
            JsonNode choice = server.ok("/v1/chat/completions", body(fields))
                    .path("choices")
                    .get(0);
            assertThat(choice.path("message").path("content").stringValue())
                    .isEqualTo(TEXT.substring(TEXT.indexOf("So:")));
            assertThat(choice.path("message").has("tool_calls")).isFalse();
            assertThat(choice.path("finish_reason").stringValue()).isEqualTo("stop");
            assertThat(TestServer.TOKENIZER.decode(
                            server.generator.awaitRequest().promptTokens(), false))
                    .doesNotContain("tools:");
        }
    }

    @Test
    void thoughtsCanBeLeftOut() throws Exception {
        JsonNode message = server.ok("/v1/chat/completions", body(TOOLS + ",\"include_reasoning\":false"))
                .path("choices")
                .get(0)
                .path("message");
        assertThat(message.has("reasoning")).isFalse();
        assertThat(message.path("content").stringValue()).isEqualTo("So:");
    }
}
