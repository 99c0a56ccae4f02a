/**
 * GGUF files: metadata and where the tensors lie, read without trusting the file.
 *
 * <p>{@link io.yuebing.gguf.GgufModel} is a model of one or several such files. What the metadata mean is decided by the
 * modules above: {@code text} makes a tokenizer of them, {@code model} a configuration.
 */
@org.jspecify.annotations.NullMarked
module io.yuebing.gguf {
    requires transitive io.yuebing.api;

    exports io.yuebing.gguf;
}
