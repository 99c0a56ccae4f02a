/**
 * Text to token ids and back.
 *
 * <p>{@link io.yuebing.text.Tokenizer} reads a model's {@code tokenizer.json}, {@link io.yuebing.text.Detokenizer} turns
 * a stream of ids into text that never shows half a character, and {@link io.yuebing.text.ChatTemplate} renders chat
 * messages with the model's own Jinja template. Nothing here uses the network.
 */
@org.jspecify.annotations.NullMarked
module io.yuebing.text {
    requires static transitive org.jspecify;
    requires ai.djl.tokenizers;
    requires io.yuebing.api;
    requires io.yuebing.gguf;
    requires tools.jackson.databind;

    exports io.yuebing.text;
}
