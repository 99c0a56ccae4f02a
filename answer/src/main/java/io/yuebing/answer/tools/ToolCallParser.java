package io.yuebing.answer.tools;

/**
 * Takes tool calls out of an answer's text.
 *
 * <p>What is not a call stays content, character for character; this includes a call that breaks off before its name is
 * known. From the name on it is a call, with the arguments as the model wrote them, valid or not, and as far as they came.
 * One parser reads one answer. Not thread-safe.
 */
public abstract class ToolCallParser {
    final ToolCallSink sink;

    ToolCallParser(ToolCallSink sink) {
        this.sink = sink;
    }

    /** Takes the next piece of text, cut anywhere. */
    public final void append(String piece) {
        for (int i = 0; i < piece.length(); i++) {
            accept(piece.charAt(i));
        }
    }

    abstract void accept(char c);

    /** Ends the text: what was held back is told. */
    public abstract void finish();

    /** Whether a function can have this name; anything else at its place is not a call. */
    static boolean isName(CharSequence text) {
        return !text.isEmpty() && text.length() <= 128 && text.chars().allMatch(c -> isNameCharacter((char) c));
    }

    static boolean isNameCharacter(char c) {
        return Character.isLetterOrDigit(c) || c == '_' || c == '-' || c == '.' || c == ':' || c == '/';
    }
}
