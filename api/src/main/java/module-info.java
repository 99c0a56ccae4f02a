/**
 * The canonical records that every part of Yuebing speaks: what to generate, what was generated, what went wrong.
 *
 * <p>Dialects (OpenAI and others) are read into a {@link io.yuebing.api.GenerateRequest} and written from
 * {@link io.yuebing.api.GenerateEvent}s; engines, nodes and the gateway know nothing else.
 */
@org.jspecify.annotations.NullMarked
module io.yuebing.api {
    requires static transitive org.jspecify;

    exports io.yuebing.api;
}
