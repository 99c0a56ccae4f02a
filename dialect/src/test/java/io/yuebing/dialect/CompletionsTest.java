package io.yuebing.dialect;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.api.FinishReason;
import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.GenerationDefaults;
import io.yuebing.api.KvLoadFailurePolicy;
import io.yuebing.api.SampledToken;
import io.yuebing.api.SamplingParams;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class CompletionsTest {
    private static final String TEXT = "Hello 世界 🌍, stop here";
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
        server.generator.say(ids(TEXT));
    }

    private static int[] ids(String text) {
        return TestServer.TOKENIZER.encode(text, false);
    }

    private static JsonNode complete(String fields) throws Exception {
        return server.ok("/v1/completions", "{\"model\":\"tiny\",\"prompt\":\"Once\"" + fields + "}");
    }

    @Test
    void aWholeAnswerHasTheFormOfTheOpenAiApi() throws Exception {
        JsonNode body = complete(",\"max_tokens\":100");
        assertThat(body.path("id").stringValue()).startsWith("cmpl-");
        assertThat(body.path("object").stringValue()).isEqualTo("text_completion");
        assertThat(body.path("created").longValue()).isGreaterThan(1_700_000_000L);
        assertThat(body.path("model").stringValue()).isEqualTo("tiny");
        assertThat(body.path("choices").toString())
                .isEqualTo("[{\"index\":0,\"text\":\"" + TEXT
                        + "\",\"logprobs\":null,\"finish_reason\":\"stop\",\"stop_reason\":null}]");
        int prompt = ids("Once").length;
        assertThat(body.path("usage").toString())
                .isEqualTo("{\"prompt_tokens\":%d,\"total_tokens\":%d,\"completion_tokens\":%d,"
                                .formatted(prompt, prompt + ids(TEXT).length, ids(TEXT).length)
                        + "\"prompt_tokens_details\":{\"cached_tokens\":%d}}".formatted(prompt / 2));
    }

    @Test
    void unsetFieldsAreNeutralAndMaxTokensIs16() throws Exception {
        complete("");
        GenerateRequest request = server.generator.awaitRequest();
        assertThat(request.sampling())
                .isEqualTo(SamplingParams.builder().seed(77).maxTokens(16).build());
        assertThat(request.promptTokens()).isEqualTo(ids("Once"));
        assertThat(request.outputTokens()).isEmpty();
        assertThat(request.kvTransfer()).isEmpty();
    }

    @Test
    void everySamplingFieldReachesTheGenerator() throws Exception {
        complete(",\"max_tokens\":9,\"temperature\":0.5,\"top_p\":0.25,\"top_k\":-1,\"min_p\":0.125,"
                + "\"presence_penalty\":1,\"frequency_penalty\":-1,\"repetition_penalty\":1.5,\"seed\":-9007199254740993,"
                + "\"min_tokens\":3,\"stop_token_ids\":[5,6,5],\"ignore_eos\":true,\"logit_bias\":{\"7\":-100,\"8\":0.1},"
                + "\"logprobs\":2,\"prompt_logprobs\":1,\"cache_salt\":\"tenant\"");
        GenerateRequest request = server.generator.awaitRequest();
        assertThat(request.sampling())
                .isEqualTo(SamplingParams.builder()
                        .maxTokens(9)
                        .temperature(0.5)
                        .topP(0.25)
                        .topK(0)
                        .minP(0.125)
                        .presencePenalty(1)
                        .frequencyPenalty(-1)
                        .repetitionPenalty(1.5)
                        .seed(-9007199254740993L)
                        .minTokens(3)
                        .stopTokenIds(List.of(5, 6))
                        .ignoreEos(true)
                        .logitBias(Map.of(7, -100f, 8, 0.1f))
                        .logprobs(2)
                        .promptLogprobs(1)
                        .build());
        assertThat(request.cacheSalt()).contains("tenant");
    }

    @Test
    void theModelsOwnDefaultsApplyToUnsetFields() throws Exception {
        GenerationDefaults own = new GenerationDefaults(
                Optional.of(0.7), Optional.of(0.8), Optional.of(20), Optional.of(0.05), Optional.of(1.1));
        try (TestServer other = new TestServer(SurfaceOptions.of("x"), own)) {
            other.generator.say(1);
            other.ok("/v1/completions", "{\"prompt\":\"Once\",\"top_p\":1,\"top_k\":0}");
            SamplingParams sampling = other.generator.awaitRequest().sampling();
            assertThat(sampling.temperature()).isEqualTo(0.7);
            assertThat(sampling.topP()).isEqualTo(1);
            assertThat(sampling.topK()).isZero();
            assertThat(sampling.minP()).isEqualTo(0.05);
            assertThat(sampling.repetitionPenalty()).isEqualTo(1.1);
        }
    }

    @Test
    void nullMaxTokensAsksForTheRestOfTheContext() throws Exception {
        complete(",\"max_tokens\":null");
        assertThat(server.generator.awaitRequest().sampling().maxTokens())
                .isEqualTo(TestServer.CONTEXT - ids("Once").length);
    }

    @Test
    void aPromptNearTheEndOfTheContextGetsFewerThanTheDefaultOf16() throws Exception {
        String prompt = Arrays.toString(new int[TestServer.CONTEXT - 3]);
        server.ok("/v1/completions", "{\"prompt\":" + prompt + "}");
        assertThat(server.generator.awaitRequest().sampling().maxTokens()).isEqualTo(3);
    }

    @Test
    void promptsMayBeStringsOrIdsOrSeveralOfEither() throws Exception {
        for (String prompt : List.of("[1,2,3]", "[[1,2,3]]")) {
            server.ok("/v1/completions", "{\"prompt\":" + prompt + "}");
            assertThat(server.generator.awaitRequest().promptTokens()).containsExactly(1, 2, 3);
        }
        JsonNode body = server.ok("/v1/completions", "{\"prompt\":[\"Once\",[4,5]],\"n\":2,\"seed\":9}");
        List<GenerateRequest> requests = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            requests.add(server.generator.awaitRequest());
        }
        requests.sort((a, b) -> a.requestId().compareTo(b.requestId()));
        assertThat(requests.get(1).promptTokens()).isEqualTo(ids("Once"));
        assertThat(requests.get(2).promptTokens()).containsExactly(4, 5);
        assertThat(body.path("choices").size()).isEqualTo(4);
        for (int i = 0; i < 4; i++) {
            assertThat(body.path("choices").get(i).path("index").intValue()).isEqualTo(i);
        }
        assertThat(body.path("usage").path("prompt_tokens").intValue())
                .as("each prompt counts once")
                .isEqualTo(ids("Once").length + 2);
        assertThat(requests.stream().map(r -> r.sampling().seed()))
                .as("the first choice has the request's seed, the second a derived one, the same for each prompt")
                .containsExactly(9L, Seeds.ofChoice(9, 1), 9L, Seeds.ofChoice(9, 1));
        assertThat(Seeds.ofChoice(9, 1)).isNotEqualTo(9);
    }

    @Test
    void promptsAreCutFromTheLeftWhenAskedFor() throws Exception {
        server.ok("/v1/completions", "{\"prompt\":[1,2,3,4],\"truncate_prompt_tokens\":3}");
        assertThat(server.generator.awaitRequest().promptTokens()).containsExactly(2, 3, 4);
        String tooLong = Arrays.toString(new int[TestServer.CONTEXT + 50]);
        server.ok("/v1/completions", "{\"prompt\":" + tooLong + ",\"truncate_prompt_tokens\":-1,\"max_tokens\":10}");
        assertThat(server.generator.awaitRequest().promptTokens()).hasSize(TestServer.CONTEXT - 10);
    }

    @Test
    void aStopStringEndsTheTextAndCancelsTheGeneration() throws Exception {
        server.generator.closed.clear();
        JsonNode choice = complete(",\"max_tokens\":100,\"stop\":[\"never\",\"top\"]")
                .path("choices")
                .get(0);
        assertThat(choice.path("text").stringValue()).isEqualTo("Hello 世界 🌍, s");
        assertThat(choice.path("finish_reason").stringValue()).isEqualTo("stop");
        assertThat(choice.path("stop_reason").stringValue()).isEqualTo("top");
        assertThat(server.generator.awaitClosed().eventsRead())
                .as("the tokens after the stop string are not waited for")
                .isLessThan(ids(TEXT).length + 1);
        JsonNode kept = complete(",\"max_tokens\":100,\"stop\":\"top\",\"include_stop_str_in_output\":true");
        assertThat(kept.path("choices").get(0).path("text").stringValue()).isEqualTo("Hello 世界 🌍, stop");
    }

    @Test
    void stopStringsWaitForMinTokens() throws Exception {
        int all = ids(TEXT).length;
        JsonNode choice = complete(",\"max_tokens\":100,\"stop\":\"Hello\",\"min_tokens\":" + (all - 1))
                .path("choices")
                .get(0);
        assertThat(choice.path("text").stringValue()).isEqualTo(TEXT);
        assertThat(choice.path("stop_reason").isNull()).isTrue();
    }

    @Test
    void aStopTokenIsCountedAndNamedButNotShown() throws Exception {
        int a = ids("a")[0];
        int b = ids("b")[0];
        server.generator.script = request -> List.of(
                new GenerateEvent.PromptDone(0, List.of()),
                new GenerateEvent.Token(SampledToken.bare(a)),
                new GenerateEvent.Token(SampledToken.bare(b)),
                new GenerateEvent.Finished(FinishReason.STOP, OptionalInt.of(b)));
        String stop = ",\"stop_token_ids\":[" + b + "]";
        JsonNode body = complete(stop);
        JsonNode choice = body.path("choices").get(0);
        assertThat(choice.path("stop_reason").intValue()).isEqualTo(b);
        assertThat(choice.path("text").stringValue()).isEqualTo("a");
        assertThat(body.path("usage").path("completion_tokens").intValue()).isEqualTo(2);
        JsonNode kept = complete(stop + ",\"include_stop_str_in_output\":true");
        assertThat(kept.path("choices").get(0).path("text").stringValue()).isEqualTo("ab");
    }

    @Test
    void logprobsAreParallelArraysWithOffsetsIntoTheText() throws Exception {
        JsonNode logprobs = complete(",\"max_tokens\":3,\"logprobs\":2")
                .path("choices")
                .get(0)
                .path("logprobs");
        int[] tokens = Arrays.copyOf(ids(TEXT), 3);
        assertThat(logprobs.path("text_offset").get(0).intValue()).isZero();
        assertThat(logprobs.path("text_offset").get(1).intValue())
                .isEqualTo(TestServer.TOKENIZER.tokenText(tokens[0]).length());
        assertThat(logprobs.path("token_logprobs").toString()).isEqualTo("[-0.1,-0.2,-0.3]");
        assertThat(logprobs.path("tokens").get(0).stringValue()).isEqualTo(TestServer.TOKENIZER.tokenText(tokens[0]));
        JsonNode top = logprobs.path("top_logprobs").get(0);
        assertThat(top.size()).isEqualTo(2);
        assertThat(top.path(TestServer.TOKENIZER.tokenText(tokens[0] + 1)).floatValue())
                .as("minus infinity is written as -9999")
                .isEqualTo(-9999f);
        JsonNode asIds = complete(",\"max_tokens\":1,\"logprobs\":0,\"return_tokens_as_token_ids\":true");
        assertThat(asIds.path("choices")
                        .get(0)
                        .path("logprobs")
                        .path("top_logprobs")
                        .toString())
                .isEqualTo("[{\"token_id:" + tokens[0] + "\":-0.1}]");
    }

    @Test
    void echoPutsThePromptBeforeTheTextWithItsLogprobs() throws Exception {
        JsonNode choice = complete(",\"max_tokens\":2,\"echo\":true,\"logprobs\":1")
                .path("choices")
                .get(0);
        int[] prompt = ids("Once");
        assertThat(choice.path("text").stringValue()).startsWith("Once").isNotEqualTo("Once");
        JsonNode logprobs = choice.path("logprobs");
        assertThat(logprobs.path("tokens").size()).isEqualTo(prompt.length + 2);
        assertThat(logprobs.path("token_logprobs").get(0).isNull()).isTrue();
        assertThat(logprobs.path("top_logprobs").get(0).isNull()).isTrue();
        assertThat(logprobs.path("token_logprobs").get(1).floatValue()).isEqualTo(-0.2f);
        assertThat(logprobs.path("text_offset").get(prompt.length).intValue()).isEqualTo(4);
        assertThat(server.generator.awaitRequest().sampling().promptLogprobs()).isEqualTo(1);
    }

    @Test
    void echoWithoutOutputScoresThePromptOnly() throws Exception {
        JsonNode scored = complete(",\"max_tokens\":0,\"echo\":true,\"logprobs\":1");
        assertThat(scored.path("choices").get(0).path("text").stringValue()).isEqualTo("Once");
        assertThat(scored.path("choices").get(0).path("logprobs").path("tokens").size())
                .isEqualTo(ids("Once").length);
        assertThat(scored.path("usage").path("completion_tokens").intValue()).isZero();
        server.generator.requests.clear();
        JsonNode plain = complete(",\"max_tokens\":0,\"echo\":true");
        assertThat(plain.path("choices").get(0).path("text").stringValue()).isEqualTo("Once");
        assertThat(server.generator.requests).as("nothing needs to be computed").isEmpty();
    }

    @Test
    void promptLogprobsNameEachTokenWithItsRank() throws Exception {
        JsonNode choice = server.ok("/v1/completions", "{\"prompt\":[10,20],\"max_tokens\":1,\"prompt_logprobs\":0}")
                .path("choices")
                .get(0);
        assertThat(choice.path("prompt_logprobs").get(0).isNull()).isTrue();
        assertThat(choice.path("prompt_logprobs").get(1).path("20").path("rank").intValue())
                .isEqualTo(1);
        assertThat(choice.path("logprobs").isNull()).isTrue();
    }

    @Test
    void tokenIdsAreReturnedWhenAskedFor() throws Exception {
        JsonNode choice = complete(",\"max_tokens\":2,\"return_token_ids\":true")
                .path("choices")
                .get(0);
        assertThat(choice.path("token_ids").toString())
                .isEqualTo(Arrays.toString(Arrays.copyOf(ids(TEXT), 2)).replace(" ", ""));
        assertThat(choice.path("prompt_token_ids").size()).isEqualTo(ids("Once").length);
    }

    @Test
    void thePolicyForFailedTransfersMayStandAlone() throws Exception {
        var unused = complete(",\"kv_transfer_params\":{\"kv_load_failure_policy\":\"fail\"}");
        GenerateRequest request = server.generator.awaitRequest();
        assertThat(request.kvLoadFailure()).contains(KvLoadFailurePolicy.FAIL);
        assertThat(request.kvTransfer()).isEmpty();
    }

    @Test
    void aHandOffTellsWhereTheKvCacheHasGone() throws Exception {
        server.generator.script = request -> List.of(
                new GenerateEvent.PromptDone(0, List.of()),
                new GenerateEvent.Token(SampledToken.bare(5)),
                new GenerateEvent.Finished(FinishReason.HANDOFF, OptionalInt.empty()));
        JsonNode body = complete(",\"kv_transfer_params\":{\"do_remote_decode\":true,\"transfer_id\":\"t1\","
                + "\"generation\":3,\"remote_host\":\"10.0.0.1\",\"remote_port\":77,\"remote_block_ids\":[4,9],"
                + "\"deadline_millis\":123}");
        assertThat(server.generator.awaitRequest().kvPush().orElseThrow().remoteBlockIds())
                .containsExactly(4, 9);
        assertThat(body.path("choices").get(0).path("finish_reason").stringValue())
                .isEqualTo("length");
        assertThat(body.path("kv_transfer_params").toString())
                .isEqualTo("{\"do_remote_decode\":false,\"do_remote_prefill\":true,\"transfer_id\":\"t1\","
                        + "\"generation\":3,\"remote_host\":\"10.0.0.1\",\"remote_port\":77,"
                        + "\"remote_block_ids\":[4,9],\"cached_blocks\":0,\"deadline_millis\":123}");
    }

    @Test
    void theClientsRequestIdNamesEverything() throws Exception {
        var response = server.post(
                "/v1/completions", "{\"prompt\":\"a\"}", "Content-Type", "application/json", "X-Request-Id", "mine-1");
        assertThat(response.headers().firstValue("X-Request-Id")).contains("mine-1");
        assertThat(TestServer.json(response.body()).path("id").stringValue()).isEqualTo("cmpl-mine-1");
        assertThat(server.generator.awaitRequest().requestId()).isEqualTo("cmpl-mine-1-0");
    }
}
