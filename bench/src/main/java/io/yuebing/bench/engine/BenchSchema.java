package io.yuebing.bench.engine;

import io.yuebing.api.OutputConstraint;

/**
 * The JSON schema that constrained sequences of a measurement are held to: a list of people, long enough not to end.
 *
 * <p>It has what makes masks dear: texts of bounded length, whose every character is a state of its own, and texts of any
 * length, which nearly all tokens continue. Bounds keep a model with random weights from staying in one of them.
 */
final class BenchSchema {
    /** Tokens that an answer surely has: no token of the usual vocabularies spans more than half of a person. */
    static final int SURE_TOKENS = 512;

    static final OutputConstraint PEOPLE = new OutputConstraint(OutputConstraint.Kind.JSON, """
            {"type": "array", "minItems": 256, "items": {"type": "object", "additionalProperties": false,
              "properties": {
                "name": {"type": "string", "maxLength": 40},
                "age": {"type": "integer", "minimum": 0, "maximum": 120},
                "email": {"type": "string", "format": "email"},
                "tags": {"type": "array", "maxItems": 3, "items": {"enum": ["new", "known", "away"]}},
                "note": {"anyOf": [{"type": "string", "maxLength": 60}, {"type": "null"}]},
                "extra": {"type": "object", "additionalProperties": {"type": "number"}}},
              "required": ["name", "age", "tags", "note"]}}""");

    private BenchSchema() {}
}
