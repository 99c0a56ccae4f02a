package io.yuebing.answer.tools;

import java.util.Optional;

/** Turns a Python literal (numbers, strings, lists, tuples, dicts, True, False, None) into JSON. */
final class PythonLiteral {
    private static final int DEEPEST = 64;

    private final String text;
    private final StringBuilder json = new StringBuilder();
    private int at;

    private PythonLiteral(String text) {
        this.text = text;
    }

    /** The same value as JSON; empty if the text is not a literal. */
    static Optional<String> json(String text) {
        PythonLiteral literal = new PythonLiteral(text.strip());
        return literal.value(0) && literal.at == literal.text.length()
                ? Optional.of(literal.json.toString())
                : Optional.empty();
    }

    private boolean value(int depth) {
        skipSpace();
        if (at == text.length() || depth > DEEPEST) {
            return false;
        }
        char c = text.charAt(at);
        return switch (c) {
            case '\'', '"' -> string();
            case '[' -> sequence(']', depth);
            case '(' -> sequence(')', depth);
            case '{' -> dict(depth);
            default -> word();
        };
    }

    private boolean sequence(char close, int depth) {
        at++;
        json.append('[');
        for (int n = 0; !skipTo(close); n++) {
            if (n > 0) {
                json.append(", ");
            }
            if (!value(depth + 1) || !separated(close)) {
                return false;
            }
        }
        at++;
        json.append(']');
        return true;
    }

    private boolean dict(int depth) {
        at++;
        json.append('{');
        for (int n = 0; !skipTo('}'); n++) {
            if (n > 0) {
                json.append(", ");
            }
            if (at == text.length() || "'\"".indexOf(text.charAt(at)) < 0 || !string() || !skipTo(':')) {
                return false;
            }
            at++;
            json.append(": ");
            if (!value(depth + 1) || !separated('}')) {
                return false;
            }
        }
        at++;
        json.append('}');
        return true;
    }

    private boolean separated(char close) {
        if (skipTo(',')) {
            at++;
            return true;
        }
        return skipTo(close);
    }

    private boolean string() {
        char quote = text.charAt(at++);
        StringBuilder value = new StringBuilder();
        while (at < text.length()) {
            char c = text.charAt(at++);
            if (c == quote) {
                json.append(JsonText.quote(value.toString()));
                return true;
            }
            if (c == '\\' && at < text.length()) {
                escape(text.charAt(at++), value);
            } else {
                value.append(c);
            }
        }
        return false;
    }

    /** An escape that Python does not know stands for itself, backslash and all. */
    private void escape(char c, StringBuilder value) {
        switch (c) {
            case 'n' -> value.append('\n');
            case 't' -> value.append('\t');
            case 'r' -> value.append('\r');
            case 'b' -> value.append('\b');
            case 'f' -> value.append('\f');
            case '\\', '\'', '"' -> value.append(c);
            case '\n' -> {
                // a line continued
            }
            case 'x' -> code(2, "\\x", value);
            case 'u' -> code(4, "\\u", value);
            case 'U' -> code(8, "\\U", value);
            default -> value.append('\\').append(c);
        }
    }

    private void code(int digits, String written, StringBuilder value) {
        int end = Math.min(text.length(), at + digits);
        try {
            int code = Integer.parseUnsignedInt(text.substring(at, end), 16);
            if (end - at == digits && Character.isValidCodePoint(code)) {
                value.appendCodePoint(code);
                at = end;
                return;
            }
        } catch (NumberFormatException e) {
            // not a code: kept as written
        }
        value.append(written);
    }

    private boolean word() {
        int from = at;
        while (at < text.length() && ",]})".indexOf(text.charAt(at)) < 0 && !Character.isWhitespace(text.charAt(at))) {
            at++;
        }
        String word = text.substring(from, at);
        String value = switch (word) {
            case "True", "true" -> "true";
            case "False", "false" -> "false";
            case "None", "null" -> "null";
            default -> word.startsWith("+") ? word.substring(1) : word;
        };
        if (value.isEmpty() || JsonText.valid(value).isEmpty()) {
            return false;
        }
        json.append(value);
        return true;
    }

    private boolean skipTo(char c) {
        skipSpace();
        return at < text.length() && text.charAt(at) == c;
    }

    private void skipSpace() {
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
    }
}
