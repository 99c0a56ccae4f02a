package io.yuebing.dialect;

import java.util.List;
import java.util.Map;

/**
 * Fields of the OpenAI API and vLLM that would have to change the answer and are not supported yet.
 *
 * <p>They are refused rather than ignored: an answer that silently breaks the requested schema is worse than an error.
 */
final class UnsupportedFields {
    private static final String UNCONSTRAINED = "output cannot be constrained to a grammar or schema";

    private static final List<String> CONSTRAINTS = List.of(
            "structured_outputs", "guided_json", "guided_regex", "guided_choice", "guided_grammar", "structural_tag");

    /** Field to what can be done instead. */
    private static final Map<String, String> OTHERS = Map.of(
            "use_beam_search", "use sampling with n instead",
            "logits_processors", "use logit_bias instead",
            "prompt_embeds", "send text or token ids");

    private UnsupportedFields() {}

    static void refuse(RequestFields fields) {
        CONSTRAINTS.forEach(name -> fields.refuse(name, UNCONSTRAINED));
        OTHERS.forEach(fields::refuse);
        fields.object("response_format").ifPresent(format -> {
            String type = format.string("type").orElse("text");
            if (!type.equals("text")) {
                throw RequestFields.bad(
                        "response_format", "response_format " + type + " is not supported yet: " + UNCONSTRAINED);
            }
        });
    }
}
