package io.yuebing.answer.tools;

/**
 * Reads the calls of GLM-4.5 and later.
 *
 * <pre>
 * &lt;tool_call&gt;NAME
 * &lt;arg_key&gt;KEY&lt;/arg_key&gt;
 * &lt;arg_value&gt;value&lt;/arg_value&gt;
 * &lt;/tool_call&gt;                         GLM-4.7 leaves the line feeds out
 * </pre>
 */
final class ArgumentTagParser extends ToolCallParser {
    private static final String CALL = "<tool_call>";
    private static final String CALL_END = "</tool_call>";
    private static final String KEY = "<arg_key>";
    private static final String KEY_END = "</arg_key>";
    private static final String VALUE = "<arg_value>";
    private static final String VALUE_END = "</arg_value>";

    private enum At {
        CONTENT,
        NAME,
        BODY,
        KEY,
        VALUE
    }

    private final ArgumentObject arguments;
    private final StringBuilder word = new StringBuilder();
    private String key = "";
    private At at = At.CONTENT;
    private MarkerWatch watch = new MarkerWatch(CALL);

    ArgumentTagParser(ToolCallSink sink, ToolSchemas schemas) {
        super(sink);
        this.arguments = new ArgumentObject(sink, schemas);
    }

    @Override
    void accept(char c) {
        StringBuilder passed = new StringBuilder();
        String marker = watch.accept(c, passed);
        switch (at) {
            case CONTENT -> sink.content(passed.toString());
            case BODY -> {
                if (!passed.toString().isBlank()) {
                    sink.content(passed.toString().strip());
                }
            }
            case NAME, KEY, VALUE -> word.append(passed);
        }
        if (marker != null) {
            marker(marker);
        } else if (at == At.NAME && !canBecomeName()) {
            String held = watch.drain();
            sink.content(CALL + word);
            to(At.CONTENT, new MarkerWatch(CALL));
            append(held);
        }
    }

    private void marker(String marker) {
        switch (marker) {
            case CALL -> {
                if (at == At.NAME) {
                    sink.content(CALL + word);
                }
                to(At.NAME, new MarkerWatch(KEY, CALL_END, CALL));
            }
            case KEY -> {
                if (at == At.BODY || named(marker)) {
                    to(At.KEY, new MarkerWatch(KEY_END));
                }
            }
            case KEY_END -> {
                key = word.toString().strip();
                to(At.BODY, new MarkerWatch(VALUE, KEY, CALL_END));
            }
            case VALUE -> to(At.VALUE, new MarkerWatch(VALUE_END));
            case VALUE_END -> {
                arguments.put(key, word.toString());
                to(At.BODY, new MarkerWatch(KEY, CALL_END));
            }
            default -> {
                if (at == At.BODY || named(marker)) {
                    arguments.end();
                    to(At.CONTENT, new MarkerWatch(CALL));
                }
            }
        }
    }

    /** Ends the name; without one, all of it was text. */
    private boolean named(String marker) {
        String name = word.toString().strip();
        if (isName(name)) {
            arguments.begin(name);
            return true;
        }
        sink.content(CALL + word + marker);
        to(At.CONTENT, new MarkerWatch(CALL));
        return false;
    }

    private boolean canBecomeName() {
        String name = word.toString().strip();
        return word.length() <= 256 && (name.isEmpty() || isName(name));
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
            case NAME -> sink.content(CALL + word + held);
            case VALUE -> arguments.putBroken(key, word + held);
            case BODY, KEY -> {
                // a tag that breaks off says nothing
            }
        }
    }
}
