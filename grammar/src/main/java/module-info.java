/**
 * Which tokens may come next so that an answer keeps to a schema, a regular expression, a choice or a grammar.
 *
 * <p>{@link io.yuebing.grammar.ConstraintCompiler} turns an {@link io.yuebing.api.OutputConstraint} into a pushdown
 * automaton over bytes, {@link io.yuebing.grammar.OutputState} follows one answer through it. No threads, clocks or
 * sockets.
 */
@org.jspecify.annotations.NullMarked
module io.yuebing.grammar {
    requires static transitive org.jspecify;
    requires transitive io.yuebing.api;
    requires tools.jackson.databind;

    exports io.yuebing.grammar;
}
