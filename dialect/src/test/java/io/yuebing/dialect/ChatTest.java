package io.yuebing.dialect;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.api.GenerationDefaults;
import java.net.http.HttpResponse;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

class ChatTest {
    private static final String TEXT = "Zwölf 🎉";
    private static TestServer server;

    @BeforeAll
    static void start() {
        server = new TestServer();
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
        return "{\"messages\":[{\"role\":\"user\",\"content\":\"What is 7 + 5?\"}]" + fields + "}";
    }

    /** The prompt that the generator was given, as text. */
    private static String promptOf(String json) throws Exception {
        server.generator.requests.clear();
        server.ok("/v1/chat/completions", json);
        return TestServer.TOKENIZER.decode(server.generator.awaitRequest().promptTokens(), false);
    }

    @Test
    void aWholeAnswerHasTheFormOfTheOpenAiApi() throws Exception {
        JsonNode body = server.ok("/v1/chat/completions", body(""));
        assertThat(body.path("id").stringValue()).startsWith("chatcmpl-");
        assertThat(body.path("object").stringValue()).isEqualTo("chat.completion");
        assertThat(body.path("choices").toString())
                .isEqualTo("[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"" + TEXT
                        + "\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\",\"stop_reason\":null}]");
        assertThat(body.path("usage").path("completion_tokens").intValue())
                .isEqualTo(TestServer.TOKENIZER.encode(TEXT, false).length);
    }

    @Test
    void theAnswerMayTakeTheRestOfTheContext() throws Exception {
        server.ok("/v1/chat/completions", body(""));
        var request = server.generator.awaitRequest();
        assertThat(request.sampling().maxTokens()).isEqualTo(TestServer.CONTEXT - request.promptTokens().length);
        server.ok("/v1/chat/completions", body(",\"max_tokens\":7"));
        assertThat(server.generator.awaitRequest().sampling().maxTokens()).isEqualTo(7);
        server.ok("/v1/chat/completions", body(",\"max_tokens\":7,\"max_completion_tokens\":8"));
        assertThat(server.generator.awaitRequest().sampling().maxTokens()).isEqualTo(8);
    }

    @Test
    void messagesGoThroughTheTemplate() throws Exception {
        assertThat(promptOf(body(""))).isEqualTo("<|im_start|>user\nWhat is 7 + 5?<|im_end|>\n<|im_start|>assistant\n");
        assertThat(promptOf(body(",\"add_generation_prompt\":false")))
                .isEqualTo("<|im_start|>user\nWhat is 7 + 5?<|im_end|>\n");
        assertThat(promptOf("{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},"
                        + "{\"type\":\"text\",\"text\":\"b\"}]},{\"role\":\"assistant\",\"content\":null}]}"))
                .startsWith("<|im_start|>user\na\nb<|im_end|>\n<|im_start|>assistant\n<|im_end|>\n");
    }

    @Test
    void theLastMessageCanBeContinued() throws Exception {
        assertThat(promptOf("{\"messages\":[{\"role\":\"user\",\"content\":\"go\"},"
                        + "{\"role\":\"assistant\",\"content\":\"One, two \"}],\"continue_final_message\":true}"))
                .isEqualTo("<|im_start|>user\ngo<|im_end|>\n<|im_start|>assistant\nOne, two ");
    }

    @Test
    void toolsAndTemplateArgumentsReachTheTemplate() throws Exception {
        assertThat(promptOf(body(",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"add\"}}],"
                        + "\"tool_choice\":\"auto\",\"chat_template_kwargs\":{\"mood\":\"calm\"}")))
                .contains("tools: add\nmood: calm\n");
    }

    @Test
    void logprobsNameTokensWithTheirBytes() throws Exception {
        JsonNode content = server.ok("/v1/chat/completions", body(",\"logprobs\":true,\"top_logprobs\":2"))
                .path("choices")
                .get(0)
                .path("logprobs")
                .path("content");
        int[] ids = TestServer.TOKENIZER.encode(TEXT, false);
        assertThat(content.size()).isEqualTo(ids.length);
        JsonNode first = content.get(0);
        assertThat(first.path("token").stringValue()).isEqualTo(TestServer.TOKENIZER.tokenText(ids[0]));
        assertThat(first.path("logprob").floatValue()).isEqualTo(-0.1f);
        assertThat(first.path("bytes").size()).isEqualTo(TestServer.TOKENIZER.tokenBytes(ids[0]).length);
        assertThat(first.path("top_logprobs").size()).isEqualTo(2);
        assertThat(first.path("top_logprobs").get(1).path("logprob").floatValue())
                .isEqualTo(-9999f);
    }

    @Test
    void tokenIdsStandBesideTheChoices() throws Exception {
        JsonNode body = server.ok("/v1/chat/completions", body(",\"return_token_ids\":true"));
        assertThat(body.path("prompt_token_ids").size()).isPositive();
        assertThat(body.path("choices").get(0).path("token_ids").toString())
                .isEqualTo(Arrays.toString(TestServer.TOKENIZER.encode(TEXT, false))
                        .replace(" ", ""));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "`{}`|messages|messages is missing",
                "`{\"messages\":[]}`|messages|messages must contain at least one message",
                "`{\"messages\":[{\"content\":\"a\"}]}`|messages[0]|messages[0] must be an object with a role",
                "`{\"messages\":[{\"role\":\"user\"}]}`|messages[0].content|messages[0].content is missing",
                "`{\"messages\":[{\"role\":\"user\",\"content\":5}]}`|messages[0].content|must be a string or an array of text parts",
                "`{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"x\"}}]}]}`|messages[0].content|has a part of type image_url, but this model reads only text",
                "`{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"top_logprobs\":3}`|top_logprobs|top_logprobs needs logprobs to be true",
                "`{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"logprobs\":2}`|logprobs|logprobs must be true or false, got 2",
                "`{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"tools\":[]}`|tools|tools must not be an empty array",
                "`{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"tool_choice\":\"auto\"}`|tool_choice|tool_choice auto needs tools",
                "`{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\"tool_choice\":\"must\"}`|tool_choice|tool_choice must be none, auto, required or a named tool, got must",
                "`{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"continue_final_message\":true,\"add_generation_prompt\":true}`|continue_final_message|cannot both be true",
                "`{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"chat_template\":\"x\"}`|chat_template|chat_template is refused",
                "`{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"response_format\":{\"type\":\"json_schema\"}}`|response_format.json_schema|response_format.json_schema is missing",
                "`{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"max_completion_tokens\":0}`|max_completion_tokens|max_completion_tokens must be at least 1, got 0",
                "`{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"max_tokens\":300}`|messages|maximum context length is 200 tokens",
                "`{\"messages\":[{\"role\":\"user\",\"content\":\"boom\"}]}`|messages|The chat template refuses these messages: no boom",
            })
    void aBadRequestIsExplained(String json, String param, String message) throws Exception {
        HttpResponse<String> response = server.post("/v1/chat/completions", json);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        JsonNode error = TestServer.json(response.body()).path("error");
        assertThat(error.path("message").stringValue()).contains(message);
        assertThat(error.path("param").stringValue()).isEqualTo(param);
    }

    @Test
    void aTrustedRequestMayBringItsTemplate() throws Exception {
        try (TestServer trusting =
                new TestServer(SurfaceOptions.of("x").withTrustedRequestChatTemplate(true), GenerationDefaults.NONE)) {
            trusting.generator.say(1);
            trusting.ok("/v1/chat/completions", body(",\"chat_template\":\"Q: {{ messages[0].content }}\\nA:\""));
            assertThat(TestServer.TOKENIZER.decode(
                            trusting.generator.awaitRequest().promptTokens(), false))
                    .isEqualTo("Q: What is 7 + 5?\nA:");
        }
    }
}
