package io.yuebing.dialect;

import io.yuebing.api.OutputConstraint;
import io.yuebing.api.OutputConstraint.Kind;
import io.yuebing.grammar.ConstraintCompiler;
import io.yuebing.grammar.GrammarException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * The fields that say what an answer's text must be: {@code response_format}, vLLM's {@code structured_outputs} and its
 * older {@code guided_*}.
 */
final class ConstraintFields {
    /** Any JSON object. */
    private static final String ANY_OBJECT = "{\"type\":\"object\"}";

    private static final String TUNING = "the whole answer keeps to its constraint in one way only";

    private record Found(String field, OutputConstraint constraint) {}

    private final List<Found> found = new ArrayList<>();

    private ConstraintFields() {}

    /**
     * Reads the one constraint of a request.
     *
     * @throws io.yuebing.api.ServiceException 400 naming the field if it cannot be kept, or if there are several
     */
    static Optional<OutputConstraint> read(RequestFields fields) {
        ConstraintFields constraints = new ConstraintFields();
        fields.object("response_format").ifPresent(constraints::responseFormat);
        fields.object("structured_outputs").ifPresent(constraints::structuredOutputs);
        constraints.kinds(fields, "", "guided_");
        fields.refuse("structural_tag", TUNING);
        fields.accept("guided_decoding_backend", "guided_whitespace_pattern");
        fields.refuse("guided_whitespace_pattern", "docs/STRUCTURED_OUTPUT.md says which white space JSON has");
        return constraints.checked();
    }

    private Optional<OutputConstraint> checked() {
        if (found.size() > 1) {
            throw RequestFields.bad(
                    found.get(1).field(),
                    "Only one constraint can hold for an answer, got "
                            + found.get(0).field() + " and " + found.get(1).field());
        }
        found.forEach(one -> check(one.field(), one.constraint()));
        return found.stream().map(Found::constraint).findFirst();
    }

    /** Refuses what cannot be compiled, with the field's name. */
    static void check(String field, OutputConstraint constraint) {
        try {
            ConstraintCompiler.check(constraint);
        } catch (GrammarException e) {
            throw RequestFields.bad(field, field + ": " + e.getMessage());
        }
    }

    private void responseFormat(RequestFields format) {
        String type = format.require("type", format.string("type"));
        switch (type) {
            case "text" -> {}
            case "json_object" -> add("response_format", Kind.JSON, ANY_OBJECT);
            case "json_schema" -> {
                RequestFields outer = format.require("json_schema", format.object("json_schema"));
                JsonNode schema = outer.require("schema", outer.any("schema"));
                add("response_format.json_schema.schema", Kind.JSON, schema.toString());
            }
            default ->
                throw RequestFields.bad(
                        "response_format.type",
                        "response_format.type must be text, json_object or json_schema, got " + type);
        }
    }

    private void structuredOutputs(RequestFields fields) {
        kinds(fields, "structured_outputs.", "");
        fields.refuse("structural_tag", TUNING);
        fields.refuse("whitespace_pattern", "docs/STRUCTURED_OUTPUT.md says which white space JSON has");
        fields.accept("disable_any_whitespace", "disable_additional_properties", "disable_fallback");
        if (found.stream().noneMatch(one -> one.field().startsWith("structured_outputs"))) {
            throw RequestFields.bad(
                    "structured_outputs",
                    "structured_outputs must have one of json, regex, choice, grammar and json_object");
        }
    }

    private void kinds(RequestFields fields, String path, String prefix) {
        fields.any(prefix + "json")
                .ifPresent(value -> add(
                        path + prefix + "json", Kind.JSON, value.isString() ? value.stringValue() : value.toString()));
        fields.string(prefix + "regex").ifPresent(value -> add(path + prefix + "regex", Kind.REGEX, value));
        fields.any(prefix + "choice")
                .ifPresent(value -> add(
                        path + prefix + "choice",
                        Kind.CHOICE,
                        fields.array(prefix + "choice", value).toString()));
        fields.string(prefix + "grammar").ifPresent(value -> add(path + prefix + "grammar", Kind.GRAMMAR, value));
        if (fields.flag(prefix + "json_object", false)) {
            add(path + prefix + "json_object", Kind.JSON, ANY_OBJECT);
        }
    }

    private void add(String field, Kind kind, String source) {
        found.add(new Found(field, new OutputConstraint(kind, source)));
    }
}
