package io.yuebing.answer;

import io.yuebing.answer.tools.ToolFormat;
import java.security.SecureRandom;
import java.util.function.Supplier;

/** Ids for the tool calls of models that give none. */
public final class ToolCallIds {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final String ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    private static final int LENGTH = 24;
    private static final int SHORT_LENGTH = 9;

    private ToolCallIds() {}

    /** Makes ids of the form that the templates of the model take. */
    public static Supplier<String> of(AnswerReading reading) {
        boolean brief = reading.tools().filter(ToolFormat::hasShortIds).isPresent();
        return () -> brief ? letters(SHORT_LENGTH) : "call_" + letters(LENGTH);
    }

    private static String letters(int count) {
        StringBuilder id = new StringBuilder();
        RANDOM.ints(count, 0, ALPHABET.length()).forEach(i -> id.append(ALPHABET.charAt(i)));
        return id.toString();
    }
}
