package io.yuebing.dialect;

import io.yuebing.text.Tokenizer;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Text to token ids and back over HTTP, exactly as generation does it. */
final class TokenizeEndpoint {
    private final Supplier<ServedModel> model;
    private final SurfaceOptions options;
    private final UnknownFields unknownFields;

    TokenizeEndpoint(Supplier<ServedModel> model, SurfaceOptions options, UnknownFields unknownFields) {
        this.model = model;
        this.options = options;
        this.unknownFields = unknownFields;
    }

    /** {@code {"prompt"}} or {@code {"messages"}} to {@code {"count", "max_model_len", "tokens", "token_strs"}}. */
    void tokenize(ApiExchange exchange) {
        RequestFields fields = new RequestFields(exchange.jsonBody());
        ServedModel served = model.get();
        requireModel(fields, served);
        int[] tokens;
        if (fields.any("messages").isPresent()) {
            tokens = new ChatPrompt(served, options).read(fields).tokens();
        } else {
            String prompt = fields.string("prompt")
                    .orElseThrow(() -> RequestFields.bad("prompt", "prompt is missing; send prompt or messages"));
            tokens = served.tokenizer().encode(prompt, fields.flag("add_special_tokens", true));
        }
        boolean withStrings = fields.flag("return_token_strs", false);
        unknownFields.report(fields);
        ObjectNode answer = Json.object()
                .put("count", tokens.length)
                .put("max_model_len", served.info().maxModelLength());
        answer.set("tokens", AnswerShape.ids(tokens));
        if (withStrings) {
            ArrayNode strings = answer.putArray("token_strs");
            for (int token : tokens) {
                strings.add(served.tokenizer().tokenText(token));
            }
        } else {
            answer.putNull("token_strs");
        }
        exchange.send(200, answer);
    }

    /** {@code {"tokens"}} to {@code {"prompt"}}. */
    void detokenize(ApiExchange exchange) {
        RequestFields fields = new RequestFields(exchange.jsonBody());
        ServedModel served = model.get();
        requireModel(fields, served);
        JsonNode given = fields.any("tokens")
                .orElseThrow(() -> RequestFields.bad("tokens", "tokens is missing; send an array of token ids"));
        Tokenizer tokenizer = served.tokenizer();
        int[] tokens = new int[fields.array("tokens", given).size()];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = fields.tokenId("tokens", given.get(i), served.info().vocabSize());
        }
        unknownFields.report(fields);
        exchange.send(200, Json.object().put("prompt", tokenizer.decode(tokens, false)));
    }

    private void requireModel(RequestFields fields, ServedModel served) {
        new AskReader(served, options, () -> 0, unknownFields, OutputParsers.NONE).requireModel(fields);
    }
}
