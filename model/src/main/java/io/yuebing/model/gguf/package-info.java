/** GGUF files seen as models in transformers' form. */
@org.jspecify.annotations.NullMarked
package io.yuebing.model.gguf;
