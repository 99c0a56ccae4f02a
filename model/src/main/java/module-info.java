/**
 * Models: configuration and weights as published, architectures, the forward pass.
 *
 * <p>{@link io.yuebing.model.CausalLm} is all that the engine sees.
 */
@org.jspecify.annotations.NullMarked
module io.yuebing.model {
    requires transitive io.yuebing.api;
    requires transitive io.yuebing.kernels;
    requires transitive io.yuebing.kv;
    requires io.yuebing.gguf;
    requires org.slf4j;
    requires tools.jackson.databind;

    exports io.yuebing.model;
}
