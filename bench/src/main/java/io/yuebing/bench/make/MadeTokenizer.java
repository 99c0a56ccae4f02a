package io.yuebing.bench.make;

import java.util.ArrayList;
import java.util.List;

/**
 * A byte-level tokenizer of any vocabulary size: the 256 bytes, one merge, made-up tokens that no text gives, and three
 * special ones at the end.
 *
 * <p>Printable bytes stand for themselves and the others for the characters from U+0100 on, as in GPT-2's vocabulary.
 */
record MadeTokenizer(int vocabSize) {
    static final String END_OF_TEXT = "<|endoftext|>";
    static final String MESSAGE_START = "<|im_start|>";
    static final String MESSAGE_END = "<|im_end|>";
    static final int SPECIAL = 3;

    /** The usual template of the Qwen family, without tools. */
    static final String CHAT_TEMPLATE = "{% for message in messages %}{{ '" + MESSAGE_START
            + "' + message['role'] + '\\n' + message['content'] + '" + MESSAGE_END
            + "\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '" + MESSAGE_START + "assistant\\n' }}{% endif %}";

    /** How the family cuts text into words, as in its published tokenizers. */
    static final String WORDS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
            + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    static final String MERGE_LEFT = "a";
    static final String MERGE_RIGHT = "b";

    /** All tokens by id, the special ones last. */
    List<String> tokens() {
        List<String> tokens = new ArrayList<>(vocabSize);
        for (int b = 0; b < 256; b++) {
            if (printable(b)) {
                tokens.add(String.valueOf((char) b));
            }
        }
        for (char c = 256; tokens.size() < 256; c++) {
            tokens.add(String.valueOf(c));
        }
        tokens.add(MERGE_LEFT + MERGE_RIGHT);
        while (tokens.size() < vocabSize - SPECIAL) {
            tokens.add("tok" + tokens.size());
        }
        tokens.addAll(List.of(END_OF_TEXT, MESSAGE_START, MESSAGE_END));
        return tokens;
    }

    int endOfText() {
        return vocabSize - 3;
    }

    int messageEnd() {
        return vocabSize - 1;
    }

    private static boolean printable(int b) {
        return b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE;
    }
}
