package io.yuebing.dialect;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.ServiceException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

class ErrorsTest {
    private static TestServer server;

    @BeforeAll
    static void start() {
        server = new TestServer();
        server.generator.say(1, 2, 3);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static void expect(HttpResponse<String> response, int status, String type, String param, String message) {
        assertThat(response.body()).isNotEmpty();
        JsonNode error = TestServer.json(response.body()).path("error");
        assertThat(error.path("message").asString("")).contains(message);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        assertThat(error.path("type").stringValue()).isEqualTo(type);
        assertThat(error.path("code").intValue()).isEqualTo(status);
        assertThat(error.path("param").isNull() ? "" : error.path("param").stringValue())
                .isEqualTo(param);
        assertThat(response.headers().firstValue("Content-Type")).contains("application/json");
        assertThat(response.headers().firstValue("X-Request-Id")).isPresent();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "temperature|3|temperature must be in [0, 2], got 3",
                "temperature|\"hot\"|temperature must be a number, got the string \"hot\"",
                "temperature|true|temperature must be a number, got true",
                "temperature|1e999|temperature must be a finite number",
                "top_p|0|top_p must be in (0, 1], got 0",
                "top_k|-2|top_k must be at least -1, got -2",
                "min_p|1.5|min_p must be in [0, 1], got 1.5",
                "presence_penalty|3|presence_penalty must be in [-2, 2], got 3",
                "frequency_penalty|-3|frequency_penalty must be in [-2, 2], got -3",
                "repetition_penalty|0|repetition_penalty must be greater than 0, got 0",
                "seed|1.5|seed must be an integer, got 1.5",
                "seed|9223372036854775808|seed must be a 64-bit integer, got 9223372036854775808",
                "max_tokens|0|max_tokens must be at least 1, got 0",
                "max_tokens|1.5|max_tokens must be an integer, got 1.5",
                "max_tokens|\"9\"|max_tokens must be an integer, got the string \"9\"",
                "min_tokens|99|min_tokens must be in [0, max_tokens = 16], got 99",
                "n|0|n must be at least 1, got 0",
                "n|257|n must be in [1, 256], got 257",
                "best_of|0|best_of must be at least 1, got 0",
                "logprobs|21|logprobs must be in [0, 20], got 21",
                "logprobs|true|logprobs must be an integer, got true",
                "prompt_logprobs|-1|prompt_logprobs must be in [0, 20], got -1",
                "stop|[\"a\",\"\"]|stop must not contain an empty string",
                "stop|[1]|stop must be a string or an array of strings, got 1",
                "stop_token_ids|[2048]|stop_token_ids holds token id 2048, but the model's vocabulary is [0, 2047]",
                "logit_bias|{\"x\":1}|logit_bias must map token ids in [0, 2047] to numbers, got the key \"x\"",
                "logit_bias|{\"5\":101}|logit_bias must be in [-100, 100], got 101",
                "stream|\"yes\"|stream must be true or false, got the string \"yes\"",
                "stream_options|{\"include_usage\":true}|stream_options is only allowed when stream is true",
                "cache_salt|\"\"|cache_salt must have 1 to 1024 characters, got 0",
                "priority|5|priority must be 0, got 5",
                "suffix|\"end\"|suffix is not supported yet",
                "response_format|{\"type\":\"xml\"}|response_format.type must be text, json_object or json_schema, got xml",
                "guided_json|{\"type\":\"object\",\"unevaluatedProperties\":false}|The schema keyword \"unevaluatedProperties\" at # is not enforced",
                "guided_regex|\"(?=a)b\"|The regular expression has a lookahead or inline flags",
                "guided_choice|[]|choice must be an array of 1 to 10000 strings",
                "guided_grammar|\"start: x\"|The grammar has no rule named x",
                "structured_outputs|{}|structured_outputs must have one of json, regex, choice",
                "use_beam_search|true|use_beam_search is not supported yet",
                "truncate_prompt_tokens|-2|truncate_prompt_tokens must be in [-1, 200], got -2",
                "kv_transfer_params|{\"do_remote_decode\":true,\"remote_block_ids\":[1]}|kv_transfer_params.transfer_id is missing",
                "kv_transfer_params|{\"do_remote_prefill\":true,\"remote_bootstrap_addr\":\"x:1\"}|must look like http://HOST:PORT, got 'x:1'",
                "kv_transfer_params|{\"do_remote_prefill\":true,\"remote_request_id\":\"a\",\"tp_size\":2}|tp_size must be 1",
                "kv_transfer_params|{\"kv_load_failure_policy\":\"retry\"}|kv_transfer_params.kv_load_failure_policy must"
                        + " be fail or recompute",
                "echo|1|echo must be true or false, got 1",
            })
    void aBadFieldIsNamedWithWhatIsAccepted(String field, String value, String message) throws Exception {
        expect(
                server.post("/v1/completions", "{\"prompt\":\"a\",\"" + field + "\":" + value + "}"),
                400,
                "BadRequestError",
                message.startsWith(field + ".") ? message.split(" ", -1)[0] : field,
                message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "`{}`|prompt is missing",
                "`{\"prompt\":\"\"}`|prompt must contain at least one token",
                "`{\"prompt\":[]}`|prompt must contain at least one token",
                "`{\"prompt\":[1,\"a\"]}`|prompt must be an integer, got the string \"a\"",
                "`{\"prompt\":[[1],[]]}`|prompt must contain at least one token",
                "`{\"prompt\":[-1]}`|prompt holds token id -1, but the model's vocabulary is [0, 2047]",
                "`{\"prompt\":{\"a\":1}}`|prompt must be a string, an array of token ids, or an array of either",
                "`{\"prompt\":\"x\\ud800\"}`|prompt is not valid Unicode: half a surrogate pair at position 1",
            })
    void aBadPromptIsExplained(String body, String message) throws Exception {
        expect(server.post("/v1/completions", body), 400, "BadRequestError", "prompt", message);
    }

    @Test
    void greedyWithSeveralChoicesIsRefused() throws Exception {
        expect(
                server.post("/v1/completions", "{\"prompt\":\"a\",\"n\":2,\"temperature\":0}"),
                400,
                "BadRequestError",
                "n",
                "n must be 1 when using greedy sampling");
    }

    @Test
    void promptLogprobsWithStreamIsRefused() throws Exception {
        expect(
                server.post("/v1/completions", "{\"prompt\":\"a\",\"stream\":true,\"prompt_logprobs\":1}"),
                400,
                "BadRequestError",
                "prompt_logprobs",
                "prompt_logprobs cannot be used when stream is true");
    }

    @Test
    void aPromptThatIsTooLongIsToldWithBothNumbers() throws Exception {
        String prompt = Arrays.toString(new int[190]);
        expect(
                server.post("/v1/completions", "{\"prompt\":" + prompt + ",\"max_tokens\":11}"),
                400,
                "BadRequestError",
                "prompt",
                "This model's maximum context length is 200 tokens. However, you requested 201 tokens (190 in the prompt, "
                        + "11 in the completion).");
        String full = Arrays.toString(new int[200]);
        expect(
                server.post("/v1/completions", "{\"prompt\":" + full + "}"),
                400,
                "BadRequestError",
                "prompt",
                "This model's maximum context length is 200 tokens. However, your request has 200 tokens in the prompt");
    }

    @Test
    void malformedJsonIsToldWithItsPosition() throws Exception {
        expect(
                server.post("/v1/completions", "{\"prompt\":\n \"a\",}"),
                400,
                "BadRequestError",
                "",
                "The request body is not valid JSON at line 2, column ");
        expect(
                server.post("/v1/completions", "[1]"),
                400,
                "BadRequestError",
                "",
                "must be a JSON object, got an array");
        expect(server.post("/v1/completions", ""), 400, "BadRequestError", "", "The request has no body");
        expect(
                server.post("/v1/completions", "[".repeat(5000)),
                400,
                "BadRequestError",
                "",
                "The request body is not valid JSON: Document nesting depth (501) exceeds the maximum allowed (500");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{", "{\"prompt\": [1", "{\"temperature\": NaN}"})
    void whatIsWrongWithTheJsonIsToldWithoutTheParsersOwnTerms(String body) throws Exception {
        String message = TestServer.json(server.post("/v1/completions", body).body())
                .path("error")
                .path("message")
                .stringValue();
        assertThat(message)
                .startsWith("The request body is not valid JSON at line 1, column ")
                .doesNotContain("Source", "Feature");
    }

    @Test
    void onlyJsonIsAccepted() throws Exception {
        expect(
                server.post("/v1/completions", "{}", "Content-Type", "text/plain"),
                415,
                "Unsupported Media Type",
                "",
                "Content-Type must be application/json, got text/plain");
        expect(
                server.post("/v1/completions", "{}", "Accept", "*/*"),
                415,
                "Unsupported Media Type",
                "",
                "Content-Type must be application/json, got none");
        assertThat(server.post(
                                "/v1/completions",
                                "{\"prompt\":\"a\"}",
                                "Content-Type",
                                "Application/JSON; charset=utf-8")
                        .statusCode())
                .isEqualTo(200);
    }

    @Test
    void aBodyThatIsTooLargeIsRefused() throws Exception {
        expect(
                server.post("/v1/completions", "{\"prompt\":\"" + "a".repeat(100_000) + "\"}"),
                413,
                "Request Entity Too Large",
                "",
                "at most 100000 bytes are accepted");
    }

    @Test
    void anUnknownModelIsNamed() throws Exception {
        for (String path : List.of("/v1/completions", "/v1/chat/completions", "/tokenize")) {
            expect(
                    server.post(path, "{\"model\":\"gpt-4\",\"prompt\":\"a\"}"),
                    404,
                    "NotFoundError",
                    "model",
                    "The model `gpt-4` does not exist");
        }
        expect(
                server.get("/v1/models/org/other"),
                404,
                "NotFoundError",
                "model",
                "The model `org/other` does not exist");
    }

    @Test
    void anUnknownPathAndAWrongMethodHaveTheSameForm() throws Exception {
        expect(server.get("/v2/nothing"), 404, "NotFoundError", "", "There is no GET /v2/nothing here");
        HttpResponse<String> wrong = server.get("/v1/completions");
        expect(wrong, 405, "Method Not Allowed", "", "GET /v1/completions is not allowed; this path takes POST");
        assertThat(wrong.headers().firstValue("Allow")).contains("POST");
    }

    @Test
    void overloadIsToldWithWhenToTryAgain() throws Exception {
        try (TestServer busy = new TestServer()) {
            busy.generator.script = request ->
                    List.of(new ServiceException(ErrorCode.OVERLOADED, "The queue is full: 8 requests are waiting"));
            for (String stream : List.of("false", "true")) {
                HttpResponse<String> response =
                        busy.post("/v1/completions", "{\"prompt\":\"a\",\"stream\":" + stream + "}");
                expect(response, 429, "TooManyRequestsError", "", "The queue is full: 8 requests are waiting");
                assertThat(response.headers().firstValue("Retry-After")).contains("1");
            }
        }
    }

    @Test
    void aServerThatIsNotReadySaysWhatIsMissingAndLetsTheGeneratorTry() throws Exception {
        try (TestServer starting = new TestServer()) {
            starting.obstacle.set(Optional.of("No decode node is up; start one"));
            expect(starting.get("/health"), 503, "ServiceUnavailableError", "", "No decode node is up; start one");
            starting.generator.say(5);
            assertThat(starting.post("/v1/completions", "{\"prompt\":\"a\"}").statusCode())
                    .isEqualTo(200);
            starting.obstacle.set(Optional.empty());
            assertThat(starting.get("/health").statusCode()).isEqualTo(200);
        }
    }

    @Test
    void anUnexpectedFailureTellsNothingButItsRequestId() throws Exception {
        HttpResponse<String> response = server.get("/broken");
        expect(response, 500, "InternalServerError", "", "Internal server error");
        assertThat(response.body())
                .doesNotContain("secret", "Exception")
                .contains(response.headers().firstValue("X-Request-Id").orElseThrow());
    }

    @Test
    void whatIsNoHttpRequestGetsTheSameForm() throws Exception {
        try (Socket socket =
                new Socket(InetAddress.getLoopbackAddress(), server.uri("/").getPort())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write("GET /he llo HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            InputStream in = socket.getInputStream();
            String answer = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            assertThat(answer).startsWith("HTTP/1.1 400 ").contains("{\"error\":{\"message\":\"");
        }
    }

    @Test
    void unknownFieldsAreAccepted() throws Exception {
        assertThat(server.post("/v1/completions", "{\"prompt\":\"a\",\"frobnicate\":[1],\"user\":\"u\"}")
                        .statusCode())
                .isEqualTo(200);
    }
}
