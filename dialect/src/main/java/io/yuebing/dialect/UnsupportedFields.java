package io.yuebing.dialect;

import java.util.Map;

/**
 * Fields of the OpenAI API and vLLM that would have to change the answer and are not supported yet.
 *
 * <p>They are refused rather than ignored: an answer that silently breaks the request is worse than an error.
 */
final class UnsupportedFields {
    /** Field to what can be done instead. */
    private static final Map<String, String> OTHERS = Map.of(
            "use_beam_search", "use sampling with n instead",
            "logits_processors", "use logit_bias instead",
            "prompt_embeds", "send text or token ids");

    private UnsupportedFields() {}

    static void refuse(RequestFields fields) {
        OTHERS.forEach(fields::refuse);
    }
}
