package io.yuebing.answer.tools;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads calls written as Python: {@code [f(city="Bern", days=2), g(x=[1, None])]}, at the start of a line.
 *
 * <p>Nothing marks them, so only names of the request's tools make a list of calls.
 */
final class PythonicCallParser extends ToolCallParser {
    private static final String TAG = "<|python_tag|>";
    private static final Pattern KEYWORD = Pattern.compile("\\s*([A-Za-z_]\\w*)\\s*=(?!=)(.*)", Pattern.DOTALL);

    private enum At {
        CONTENT,
        NAME,
        ARGUMENT,
        AFTER_CALL
    }

    private final ToolSchemas schemas;
    private final ArgumentObject arguments;
    private final MarkerWatch tags = new MarkerWatch(TAG);

    /** Since the opening bracket or the last call. */
    private final StringBuilder raw = new StringBuilder();

    private final StringBuilder word = new StringBuilder();
    private At at = At.CONTENT;
    private boolean lineStart = true;
    private boolean called;
    private int depth;
    private char quote;
    private boolean escaped;

    PythonicCallParser(ToolCallSink sink, ToolSchemas schemas) {
        super(sink);
        this.schemas = schemas;
        this.arguments = new ArgumentObject(sink, schemas);
    }

    @Override
    void accept(char c) {
        switch (at) {
            case CONTENT -> content(c);
            case NAME -> name(c);
            case ARGUMENT -> argument(c);
            case AFTER_CALL -> afterCall(c);
        }
    }

    private void content(char c) {
        if (lineStart && c == '[') {
            sink.content(tags.drain());
            raw.append(c);
            called = false;
            at = At.NAME;
            return;
        }
        StringBuilder passed = new StringBuilder();
        String tag = tags.accept(c, passed);
        for (int i = 0; i < passed.length(); i++) {
            char shown = passed.charAt(i);
            lineStart = shown == '\n' || lineStart && Character.isWhitespace(shown);
        }
        lineStart |= tag != null;
        sink.content(passed.toString());
    }

    private void name(char c) {
        String name = word.toString().strip();
        if (c == '(' && schemas.has(name)) {
            raw.setLength(0);
            word.setLength(0);
            depth = 0;
            called = true;
            arguments.begin(name);
            at = At.ARGUMENT;
        } else if (c == ']' && called && name.isEmpty()) {
            toContent();
        } else if (name.isEmpty() ? Character.isWhitespace(c) || isNameCharacter(c) : isNameCharacter(c) || c == ' ') {
            raw.append(c);
            word.append(c);
        } else {
            refuse(c);
        }
    }

    private void argument(char c) {
        boolean quoted = quote != 0;
        if (quoted) {
            if (escaped) {
                escaped = false;
            } else if (c == '\\') {
                escaped = true;
            } else if (c == quote) {
                quote = 0;
            }
        } else if (depth == 0 && (c == ',' || c == ')')) {
            argumentEnded();
            if (c == ')') {
                arguments.end();
                at = At.AFTER_CALL;
            }
            return;
        } else {
            switch (c) {
                case '"', '\'' -> quote = c;
                case '[', '{', '(' -> depth++;
                case ']', '}', ')' -> depth--;
                default -> {
                    // part of a number or a name
                }
            }
        }
        word.append(c);
    }

    private void argumentEnded() {
        String text = word.toString();
        word.setLength(0);
        if (text.isBlank()) {
            return;
        }
        Matcher keyword = KEYWORD.matcher(text);
        String value = keyword.matches() ? keyword.group(2) : text;
        Optional<String> json = PythonLiteral.json(value);
        String written = json.orElseGet(() -> JsonText.quote(value.strip()));
        if (keyword.matches()) {
            arguments.putJson(keyword.group(1), written);
        } else {
            arguments.putNext(written);
        }
    }

    private static String withoutOpeningQuote(String literal) {
        return literal.startsWith("\"") || literal.startsWith("'") ? literal.substring(1) : literal;
    }

    private void afterCall(char c) {
        if (c == ',') {
            raw.setLength(0);
            raw.append(c);
            at = At.NAME;
        } else if (c == ']') {
            toContent();
        } else if (Character.isWhitespace(c)) {
            raw.append(c);
        } else {
            refuse(c);
        }
    }

    private void refuse(char c) {
        sink.content(raw.toString());
        toContent();
        content(c);
    }

    private void toContent() {
        raw.setLength(0);
        word.setLength(0);
        lineStart = false;
        at = At.CONTENT;
    }

    @Override
    public void finish() {
        switch (at) {
            case CONTENT -> sink.content(tags.drain());
            case NAME -> sink.content(raw.toString());
            case ARGUMENT -> {
                Matcher keyword = KEYWORD.matcher(word);
                if (keyword.matches()) {
                    arguments.putBroken(
                            keyword.group(1),
                            withoutOpeningQuote(keyword.group(2).stripLeading()));
                }
            }
            case AFTER_CALL -> {
                // the last bracket is missing, the call is complete
            }
        }
    }
}
