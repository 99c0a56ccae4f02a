package io.yuebing.dialect;

import io.yuebing.api.ModelInfo;
import io.yuebing.text.ChatTemplate;
import io.yuebing.text.Tokenizer;
import java.util.Optional;

/**
 * A model as the HTTP surface needs it: what it is, how its text becomes tokens.
 *
 * @param info name, limits, sampling defaults
 * @param tokenizer the model's tokenizer, owned by whoever made this record
 * @param chatTemplate how messages become a prompt; empty = no chat without a template in the request
 * @param createdSeconds seconds since the epoch, reported as {@code created} of the model
 */
public record ServedModel(
        ModelInfo info, Tokenizer tokenizer, Optional<ChatTemplate> chatTemplate, long createdSeconds) {}
