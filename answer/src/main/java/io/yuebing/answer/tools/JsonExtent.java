package io.yuebing.answer.tools;

/** Tells where a JSON object, array or string ends, by its brackets and quotes alone. */
final class JsonExtent {
    private int depth;
    private boolean inString;
    private boolean escaped;

    /** Takes the next character, the first being the opening one; true if the value ends with it. */
    boolean accept(char c) {
        if (inString) {
            if (escaped) {
                escaped = false;
            } else if (c == '\\') {
                escaped = true;
            } else if (c == '"') {
                inString = false;
            }
            return !inString && depth == 0;
        }
        switch (c) {
            case '"' -> inString = true;
            case '{', '[' -> depth++;
            case '}', ']' -> depth--;
            default -> {
                // part of a number, a literal or the space between
            }
        }
        return depth == 0 && !inString;
    }
}
