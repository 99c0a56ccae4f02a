package io.yuebing.answer.tools;

/**
 * Reads the calls of Qwen3-Coder.
 *
 * <pre>
 * &lt;tool_call&gt;
 * &lt;function=NAME&gt;
 * &lt;parameter=KEY&gt;
 * value, over any number of lines
 * &lt;/parameter&gt;
 * &lt;/function&gt;
 * &lt;/tool_call&gt;
 * </pre>
 */
final class FunctionTagParser extends ToolCallParser {
    private static final String CALL = "<tool_call>";
    private static final String CALL_END = "</tool_call>";
    private static final String FUNCTION = "<function=";
    private static final String FUNCTION_END = "</function>";
    private static final String PARAMETER = "<parameter=";
    private static final String PARAMETER_END = "</parameter>";

    private enum At {
        CONTENT,
        OPEN,
        NAME,
        BODY,
        KEY,
        VALUE,
        CLOSE
    }

    private final ArgumentObject arguments;
    private final StringBuilder raw = new StringBuilder();
    private final StringBuilder word = new StringBuilder();
    private String key = "";
    private At at = At.CONTENT;
    private MarkerWatch watch = contentWatch();

    FunctionTagParser(ToolCallSink sink, ToolSchemas schemas) {
        super(sink);
        this.arguments = new ArgumentObject(sink, schemas);
    }

    /** The model sometimes leaves the outer tag out. */
    private static MarkerWatch contentWatch() {
        return new MarkerWatch(CALL, FUNCTION);
    }

    @Override
    void accept(char c) {
        if (at == At.NAME || at == At.KEY) {
            tagName(c);
            return;
        }
        StringBuilder passed = new StringBuilder();
        MarkerWatch used = watch;
        At before = at;
        String marker = used.accept(c, passed);
        for (int i = 0; i < passed.length(); i++) {
            text(passed.charAt(i));
            if (at != before) {
                // what follows belongs to what has begun
                append(passed.substring(i + 1) + (marker != null ? marker : used.drain()));
                return;
            }
        }
        if (marker != null) {
            marker(marker);
        }
    }

    private void text(char c) {
        boolean space = Character.isWhitespace(c);
        switch (at) {
            case VALUE -> word.append(c);
            case OPEN -> {
                raw.append(c);
                if (!space) {
                    refuse();
                }
            }
            case BODY -> {
                if (!space) {
                    sink.content(String.valueOf(c));
                }
            }
            case CLOSE -> {
                raw.append(c);
                if (!space) {
                    refuse();
                }
            }
            case CONTENT, NAME, KEY -> sink.content(String.valueOf(c));
        }
    }

    private void marker(String marker) {
        switch (marker) {
            case CALL -> {
                raw.setLength(0);
                raw.append(marker);
                to(At.OPEN, new MarkerWatch(FUNCTION));
            }
            case FUNCTION -> {
                if (at != At.OPEN) {
                    raw.setLength(0);
                }
                raw.append(marker);
                to(At.NAME, watch);
            }
            case PARAMETER -> to(At.KEY, watch);
            case PARAMETER_END -> {
                arguments.put(key, withoutFrame(word.toString()));
                toBody();
            }
            case FUNCTION_END -> {
                arguments.end();
                raw.setLength(0);
                to(At.CLOSE, new MarkerWatch(CALL_END, CALL, FUNCTION));
            }
            default -> {
                if (at == At.BODY) {
                    arguments.end();
                }
                raw.setLength(0);
                to(At.CONTENT, contentWatch());
            }
        }
    }

    /** What stands between {@code =} and {@code >}. */
    private void tagName(char c) {
        if (at == At.NAME) {
            raw.append(c);
        }
        if (c != '>') {
            word.append(c);
            if (at == At.NAME && !isNameCharacter(c)) {
                refuse();
            }
            return;
        }
        String name = word.toString();
        word.setLength(0);
        if (at == At.KEY) {
            key = name.strip();
            to(At.VALUE, new MarkerWatch(PARAMETER_END));
        } else if (isName(name)) {
            arguments.begin(name);
            toBody();
        } else {
            refuse();
        }
    }

    /** One line feed after the opening tag and one before the closing tag are layout. */
    private static String withoutFrame(String value) {
        String text = value.startsWith("\n") ? value.substring(1) : value;
        return text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
    }

    private void toBody() {
        to(At.BODY, new MarkerWatch(PARAMETER, FUNCTION_END, CALL_END));
    }

    private void refuse() {
        String text = raw.toString();
        raw.setLength(0);
        to(At.CONTENT, contentWatch());
        sink.content(text);
    }

    private void to(At next, MarkerWatch markers) {
        at = next;
        watch = markers;
        word.setLength(0);
    }

    @Override
    public void finish() {
        String held = watch.drain();
        switch (at) {
            case CONTENT -> sink.content(held);
            case OPEN, NAME -> sink.content(raw + held);
            case VALUE -> {
                String value = word + held;
                arguments.putBroken(key, value.startsWith("\n") ? value.substring(1) : value);
            }
            case BODY, KEY, CLOSE -> {
                // a tag that breaks off says nothing
            }
        }
        raw.setLength(0);
    }
}
