package io.yuebing.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** Disaggregated, over HTTP, in exact arithmetic, every reference model answers as transformers does. */
class ReferenceModelsTest {
    private static final float TOLERANCE = 1e-3f;

    @ParameterizedTest(name = "{0}")
    @MethodSource("io.yuebing.e2e.ReferenceModel#all")
    void promptIdsGreedyIdsAndLogitsAgree(ReferenceModel model) throws Exception {
        try (LocalCluster cluster = LocalCluster.disaggregated(LocalCluster.Settings.exact(model.directory()))) {
            Client client = new Client(cluster.uri());
            for (ReferenceModel.Prompt prompt : model.prompts()) {
                String what = model.name() + ", prompt " + prompt.name();
                assertThat(ReferenceModel.ints(
                                client.post("/tokenize", tokenizeBody(prompt)).path("tokens")))
                        .as(what + ": prompt ids")
                        .isEqualTo(prompt.ids());
                JsonNode choice = client.post("/v1/completions", completionBody(prompt))
                        .path("choices")
                        .path(0);
                assertThat(ReferenceModel.ints(choice.path("token_ids")))
                        .as(what + ": greedy ids")
                        .isEqualTo(prompt.greedy());
                assertGreedyLogprobs(what, prompt, choice);
                assertPromptLogits(what, prompt, choice);
            }
            assertThat(new Client(cluster.nodes().get(1)).metric("yuebing:kv_received_bytes_total"))
                    .as("KV bytes that the decode node received")
                    .isPositive();
        }
    }

    private static Map<String, ?> tokenizeBody(ReferenceModel.Prompt prompt) {
        JsonNode json = prompt.json();
        return json.has("messages")
                ? Map.of("messages", json.path("messages"), "add_generation_prompt", true)
                : Map.of("prompt", json.path("text"), "add_special_tokens", json.path("add_special_tokens"));
    }

    private static Map<String, ?> completionBody(ReferenceModel.Prompt prompt) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("prompt", prompt.ids());
        body.put("max_tokens", prompt.greedy().length);
        body.put("temperature", 0);
        body.put("repetition_penalty", 1); // the models' own default is not in the reference
        body.put("ignore_eos", true);
        body.put("return_token_ids", true);
        body.put("logprobs", 20);
        body.put("prompt_logprobs", 20);
        return body;
    }

    private static void assertGreedyLogprobs(String what, ReferenceModel.Prompt prompt, JsonNode choice) {
        JsonNode expected = prompt.json().path("greedy").path("logprobs");
        assertThat(expected.size()).as(what + ": reference log-probabilities").isEqualTo(prompt.greedy().length);
        for (int i = 0; i < expected.size(); i++) {
            assertThat(choice.path("logprobs").path("token_logprobs").path(i).floatValue())
                    .as("%s: log-probability of output token %d", what, i)
                    .isCloseTo(expected.path(i).floatValue(), within(TOLERANCE));
        }
    }

    /** Log-probabilities differ from logits by one number per position: differences to the largest one are equal. */
    private static void assertPromptLogits(String what, ReferenceModel.Prompt prompt, JsonNode choice) {
        JsonNode positions = choice.path("prompt_logprobs");
        List<Integer> checked = new ArrayList<>();
        for (JsonNode top : prompt.json().path("top20")) {
            int position = top.path("pos").intValue();
            if (position + 1 >= prompt.ids().length) {
                continue; // the last one's logits are those of the first output token
            }
            JsonNode alternatives = positions.path(position + 1);
            float first = logprob(alternatives, top.path("ids").path(0).intValue());
            for (int i = 0; i < 20; i++) {
                int id = top.path("ids").path(i).intValue();
                if (i == 19 && !alternatives.has(Integer.toString(id))) {
                    continue; // a tie for the last place
                }
                float expected = top.path("logits").path(i).floatValue()
                        - top.path("logits").path(0).floatValue();
                assertThat(logprob(alternatives, id) - first)
                        .as("%s: logit of id %d at position %d, relative to the largest", what, id, position)
                        .isCloseTo(expected, within(TOLERANCE));
            }
            checked.add(position);
        }
        assertThat(checked).hasSize(Math.max(0, prompt.json().path("top20").size() - 1));
    }

    private static float logprob(JsonNode alternatives, int id) {
        return alternatives.path(Integer.toString(id)).path("logprob").floatValue();
    }
}
