package io.yuebing.dialect;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.api.FinishReason;
import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerationDefaults;
import io.yuebing.api.RepetitionDetection;
import io.yuebing.api.SampledToken;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.ThinkingBudget;
import io.yuebing.text.Tokenizer;
import java.net.http.HttpResponse;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** What vLLM adds to the sampling fields of the OpenAI API, through completions and chat. */
class SamplingFieldsTest {
    private static final String COMPLETIONS = "/v1/completions";
    private static final String CHAT = "/v1/chat/completions";
    private static final String TEXT = "Hello 世界 🌍";
    private static final Tokenizer TOKENIZER = TestServer.TOKENIZER;
    private static TestServer server;

    @BeforeAll
    static void start() {
        server = new TestServer(SurfaceOptions.of("1.2.3").withParsers("none", "qwen3"), GenerationDefaults.NONE);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @BeforeEach
    void sayTheText() {
        server.generator.requests.clear();
        server.generator.say(TOKENIZER.encode(TEXT, false));
    }

    private static String body(String path, String fields) {
        String prompt =
                path.equals(CHAT) ? "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]" : "\"prompt\":\"Hi\"";
        return "{" + prompt + ",\"max_tokens\":50" + fields + "}";
    }

    private static SamplingParams sampled(String path, String fields) throws Exception {
        server.ok(path, body(path, fields));
        return server.generator.awaitRequest().sampling();
    }

    private static List<Integer> ids(String text) {
        return Arrays.stream(TOKENIZER.encode(text, false)).boxed().toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {COMPLETIONS, CHAT})
    void listsOfTokensReachTheSampler(String path) throws Exception {
        SamplingParams params = sampled(path, ",\"allowed_token_ids\":[7,5,7],\"logprob_token_ids\":[9,8]");
        assertThat(params.allowedTokenIds()).containsExactly(7, 5);
        assertThat(params.logprobTokenIds()).containsExactly(9, 8);
        assertThat(params.logprobs()).as("listed ids ask for log-probabilities").isZero();
        assertThat(sampled(path, "").logprobs()).isEqualTo(-1);
    }

    @ParameterizedTest
    @ValueSource(strings = {COMPLETIONS, CHAT})
    void badWordsAreForbiddenWithinAWordAndAtItsBeginning(String path) throws Exception {
        assertThat(ids("right")).hasSize(1);
        assertThat(ids(" right")).hasSize(1).isNotEqualTo(ids("right"));
        List<List<Integer>> words =
                sampled(path, ",\"bad_words\":[\"right\",\"世界\"]").badWords();
        assertThat(words).contains(ids("right"), ids(" right"), ids("世界"));
    }

    @ParameterizedTest
    @ValueSource(strings = {COMPLETIONS, CHAT})
    void repetitionIsLookedForAndReported(String path) throws Exception {
        String fields = ",\"repetition_detection\":{\"max_pattern_size\":8,\"min_count\":3}";
        assertThat(sampled(path, fields).repetitionDetection()).contains(new RepetitionDetection(1, 8, 3));
        assertThat(sampled(path, ",\"repetition_detection\":{\"max_pattern_size\":0}")
                        .repetitionDetection())
                .isEmpty();
        server.generator.script = request -> List.of(
                new GenerateEvent.PromptDone(0, List.of()),
                new GenerateEvent.Token(SampledToken.bare(ids("a").getFirst())),
                new GenerateEvent.Finished(FinishReason.REPETITION, OptionalInt.empty()));
        JsonNode choice = server.ok(path, body(path, fields)).path("choices").get(0);
        assertThat(choice.path("finish_reason").stringValue()).isEqualTo("repetition");
        assertThat(choice.path("stop_reason").stringValue()).isEqualTo("repetition_detected");
    }

    @ParameterizedTest
    @ValueSource(strings = {COMPLETIONS, CHAT})
    void thoughtsAreLimitedByTheirTags(String path) throws Exception {
        assertThat(sampled(path, ",\"thinking_token_budget\":5").thinkingBudget())
                .contains(new ThinkingBudget(5, false, ids("<think>"), ids("</think>"), List.of()));
        assertThat(sampled(path, ",\"thinking_token_budget\":-1").thinkingBudget())
                .isEmpty();
        assertThat(sampled(path, "").thinkingBudget()).isEmpty();
    }

    @Test
    void aPromptMayHaveOpenedTheThoughts() throws Exception {
        server.ok(COMPLETIONS, "{\"prompt\":\"Hi <think>\\n\",\"thinking_token_budget\":0}");
        SamplingParams params = server.generator.awaitRequest().sampling();
        assertThat(params.thinkingBudget().orElseThrow().opened()).isTrue();
    }

    @Test
    void reasoningTokensAreThoseBetweenTheTags() throws Exception {
        for (String thoughts : List.of("Hm", "Let me see. 7 + 5 = 12")) {
            server.generator.say(Stream.of("<think>", thoughts, "</think>", "12")
                    .flatMapToInt(part -> IntStream.of(TOKENIZER.encode(part, false)))
                    .toArray());
            JsonNode answer = server.ok(CHAT, body(CHAT, ""));
            assertThat(answer.path("choices")
                            .get(0)
                            .path("message")
                            .path("content")
                            .stringValue())
                    .isEqualTo("12");
            assertThat(answer.path("usage")
                            .path("completion_tokens_details")
                            .path("reasoning_tokens")
                            .intValue())
                    .isEqualTo(ids(thoughts).size());
        }
    }

    @Test
    void promptsAreCutOnTheRightWhenAskedFor() throws Exception {
        server.ok(COMPLETIONS, "{\"prompt\":[1,2,3,4],\"truncate_prompt_tokens\":3,\"truncation_side\":\"right\"}");
        assertThat(server.generator.awaitRequest().promptTokens()).containsExactly(1, 2, 3);
    }

    @Test
    void theBestAnswersAreThoseWithTheLikeliestTokens() throws Exception {
        Set<Long> seeds = ConcurrentHashMap.newKeySet();
        server.generator.script = request -> {
            seeds.add(request.sampling().seed());
            int number = request.requestId().charAt(request.requestId().length() - 1) - '0';
            assertThat(request.sampling().logprobs()).isZero();
            return oneToken(ids("" + number).getFirst(), new float[] {-4, -2, -1, -3}[number]);
        };
        JsonNode answer = server.ok(COMPLETIONS, body(COMPLETIONS, ",\"n\":2,\"best_of\":4,\"seed\":3"));
        assertThat(answer.path("choices").size()).isEqualTo(2);
        assertThat(answer.path("choices").get(0).path("text").stringValue()).isEqualTo("2");
        assertThat(answer.path("choices").get(0).path("logprobs").isNull()).isTrue();
        assertThat(answer.path("choices").get(1).path("text").stringValue()).isEqualTo("1");
        assertThat(answer.path("choices").get(1).path("index").intValue()).isEqualTo(1);
        assertThat(answer.path("usage").path("completion_tokens").intValue())
                .as("what was generated is counted")
                .isEqualTo(4);
        assertThat(seeds).hasSize(4);
    }

    private static List<Object> oneToken(int id, float logprob) {
        return List.of(
                new GenerateEvent.PromptDone(0, List.of()),
                new GenerateEvent.Token(new SampledToken(id, logprob, 1, List.of())),
                new GenerateEvent.Finished(FinishReason.STOP, OptionalInt.empty()));
    }

    @ParameterizedTest
    @ValueSource(strings = {COMPLETIONS, CHAT})
    void streamedTokensComeTogetherWhenAskedFor(String path) throws Exception {
        int tokens = ids(TEXT).size();
        List<Integer> sizes = streamed(path, ",\"return_token_ids\":true,\"stream\":true,\"stream_interval\":3");
        assertThat(sizes.getFirst()).as("the first comes at once").isEqualTo(1);
        assertThat(sizes.subList(1, sizes.size() - 1)).containsOnly(3);
        assertThat(sizes.stream().mapToInt(n -> n).sum()).isEqualTo(tokens);
        assertThat(streamed(path, ",\"return_token_ids\":true,\"stream\":true")).containsOnly(1);
    }

    private static List<Integer> streamed(String path, String fields) throws Exception {
        return server.post(path, body(path, fields))
                .body()
                .lines()
                .filter(line -> line.startsWith("data: {"))
                .map(line -> TestServer.json(line.substring("data: ".length())))
                .map(chunk -> chunk.path("choices").get(0).path("token_ids").size())
                .filter(n -> n > 0)
                .toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {COMPLETIONS, CHAT})
    void noTokenizerPutsSpacesBetweenSpecialTokens(String path) throws Exception {
        int special = TOKENIZER.idOf("<|im_start|>").orElseThrow();
        server.generator.say(special, special);
        String fields = ",\"skip_special_tokens\":false,\"spaces_between_special_tokens\":";
        String with = server.ok(path, body(path, fields + true)).path("choices").toString();
        assertThat(with).contains("<|im_start|><|im_start|>");
        assertThat(server.ok(path, body(path, fields + false)).path("choices").toString())
                .isEqualTo(with);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "allowed_token_ids|[]|allowed_token_ids must not be an empty array",
                "allowed_token_ids|[2048]|allowed_token_ids holds token id 2048, but the model's vocabulary is [0, 2047]",
                "allowed_token_ids|5|allowed_token_ids must be an array, got 5",
                "bad_words|\"right\"|bad_words must be an array, got the string \"right\"",
                "bad_words|[\"\"]|bad_words must not contain an empty string",
                "bad_words|[1]|bad_words must be an array of strings, got 1",
                "logprob_token_ids|[-1]|logprob_token_ids holds token id -1, but the model's vocabulary is [0, 2047]",
                "thinking_token_budget|-2|thinking_token_budget must be at least -1, got -2",
                "thinking_token_budget|true|thinking_token_budget must be an integer, got true",
                "thinking_token_budget|1.5|thinking_token_budget must be an integer, got 1.5",
                "repetition_detection|{\"max_pattern_size\":4}|repetition_detection.min_count must be at least 2, got 0",
                "repetition_detection|{\"max_pattern_size\":4,\"min_pattern_size\":5,\"min_count\":2}"
                        + "|repetition_detection.min_pattern_size must be in [1, max_pattern_size = 4], got 5",
                "repetition_detection|3|repetition_detection must be an object, got 3",
                "truncation_side|\"top\"|truncation_side must be left (the prompt loses its beginning) or right",
                "spaces_between_special_tokens|1|spaces_between_special_tokens must be true or false, got 1",
                "stream_interval|0|stream_interval must be at least 1, got 0",
            })
    void aBadFieldIsNamedWithWhatIsAccepted(String field, String value, String message) throws Exception {
        for (String path : List.of(COMPLETIONS, CHAT)) {
            String more = field.equals("truncation_side") ? ",\"truncate_prompt_tokens\":1" : "";
            expect(server.post(path, body(path, more + ",\"" + field + "\":" + value)), field, message);
        }
    }

    private static void expect(HttpResponse<String> response, String field, String message) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        JsonNode error = TestServer.json(response.body()).path("error");
        assertThat(error.path("message").stringValue()).contains(message);
        assertThat(error.path("param").stringValue()).isEqualTo(field);
    }

    @Test
    void listsThatAreTooLongAreRefused() throws Exception {
        String ids = IntStream.rangeClosed(0, 128).boxed().toList().toString();
        expect(
                server.post(CHAT, body(CHAT, ",\"logprob_token_ids\":" + ids)),
                "logprob_token_ids",
                "logprob_token_ids may hold at most 128 ids, got 129");
        String words = "[" + "\"a\",".repeat(128) + "\"b\"]";
        expect(
                server.post(CHAT, body(CHAT, ",\"bad_words\":" + words)),
                "bad_words",
                "bad_words may hold at most 128 words, got 129");
    }

    @Test
    void rulesThatForbidEverythingAreRefused() throws Exception {
        expect(
                server.post(
                        CHAT,
                        body(
                                CHAT,
                                ",\"bad_words\":[\"right\"],\"allowed_token_ids\":["
                                        + ids("right").getFirst() + "]")),
                "bad_words",
                "bad_words forbids every token of allowed_token_ids");
    }

    @Test
    void aBestOfThatCannotBeIsRefused() throws Exception {
        expect(
                server.post(COMPLETIONS, body(COMPLETIONS, ",\"n\":3,\"best_of\":2")),
                "best_of",
                "best_of must be at least n = 3, got 2");
        expect(
                server.post(COMPLETIONS, body(COMPLETIONS, ",\"best_of\":2,\"stream\":true")),
                "best_of",
                "best_of must equal n = 1 when stream is true, got 2");
        expect(
                server.post(COMPLETIONS, body(COMPLETIONS, ",\"best_of\":2,\"temperature\":0")),
                "best_of",
                "best_of must be n = 1 when using greedy sampling (temperature 0), got 2");
        expect(
                server.post(COMPLETIONS, body(COMPLETIONS, ",\"best_of\":257")),
                "n",
                "A request may start at most 256 sequences, got 1 prompts with 257 choices each");
    }

    @Test
    void aBudgetNeedsAModelWhoseThoughtsAreToldApart() throws Exception {
        try (TestServer plain = new TestServer()) {
            HttpResponse<String> response = plain.post(CHAT, body(CHAT, ",\"thinking_token_budget\":5"));
            expect(response, "thinking_token_budget", "would have to be started with --reasoning-parser");
        }
    }
}
