package io.yuebing.api;

/**
 * What the text of an answer must be: a specification that every node turns into the same grammar by itself.
 *
 * @param kind what {@code source} is written in
 * @param source the schema, the expression, the JSON array of choices or the grammar
 */
public record OutputConstraint(Kind kind, String source) {
    /** The languages of constraints; those that requests name have the names of vLLM's {@code structured_outputs}. */
    public enum Kind {
        /** A JSON schema; {@code {"type":"object"}} for any object. */
        JSON,
        /** A regular expression that matches the whole answer. */
        REGEX,
        /** A JSON array of strings, one of which is the answer. */
        CHOICE,
        /** A context-free grammar: GBNF with the rule {@code root}, or Lark's notation with {@code start}. */
        GRAMMAR,
        /** Free text with tool calls that keep to their functions' schemas, as a JSON description of how calls are written. */
        CALLS
    }
}
