/**
 * Language models inside a Java program: text in, text out, no server.
 *
 * <p>{@link io.yuebing.library.Engine} loads a model; a {@link io.yuebing.library.Request} says what to generate; a
 * {@link io.yuebing.library.Generation} delivers the text while it is generated. docs/LIBRARY.md shows how to begin.
 */
@org.jspecify.annotations.NullMarked
module io.yuebing.library {
    requires static transitive org.jspecify;
    requires transitive io.yuebing.answer;
    requires transitive io.yuebing.api;
    requires transitive io.yuebing.kernels;
    requires transitive io.yuebing.kv;
    requires transitive io.yuebing.text;
    requires io.yuebing.engine;
    requires io.yuebing.grammar;
    requires io.yuebing.model;
    requires tools.jackson.databind;

    exports io.yuebing.library;
}
