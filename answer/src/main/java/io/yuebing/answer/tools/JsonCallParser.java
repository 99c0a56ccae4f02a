package io.yuebing.answer.tools;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * Reads calls that are JSON objects, one after another or in an array, between markers or bare on a line of their own.
 *
 * <pre>
 * Hermes, Qwen    &lt;tool_call&gt;{"name": "f", "arguments": {}}&lt;/tool_call&gt;
 * Llama 3         {"name": "f", "parameters": {}}; {"name": ...}      perhaps after &lt;|python_tag|&gt;
 * Phi-4-mini      functools[{"name": "f", "arguments": {}}, ...]
 * Mistral         [TOOL_CALLS][{"name": "f", "arguments": {}}, ...]   or  [TOOL_CALLS]f[ARGS]{}
 * </pre>
 */
final class JsonCallParser extends ToolCallParser {
    private static final String SEPARATORS = "[],;";
    private static final Pattern ARRAY_END = Pattern.compile("^\\s*]");
    private static final String ARGS = "[ARGS]";
    private static final String CALL_ID = "[CALL_ID]";

    /**
     * How calls are marked.
     *
     * @param starts what opens calls
     * @param end what closes them; empty = the last object does
     * @param bareObjects whether an object at the start of a line can be a call, too
     * @param bareNames whether {@code name{...}} is a call after a start
     */
    record Marks(List<String> starts, String end, boolean bareObjects, boolean bareNames) {}

    private enum At {
        CONTENT,
        BETWEEN,
        OBJECT,
        NAME,
        ARGUMENTS
    }

    private final Marks marks;
    private final Predicate<String> known;
    private final MarkerWatch starts;
    private final MarkerWatch ends;
    private final StringBuilder passed = new StringBuilder();

    /** Since the start, or since the last call. */
    private final StringBuilder raw = new StringBuilder();

    private At at = At.CONTENT;
    private JsonCall call;
    private JsonExtent arguments = new JsonExtent();
    private boolean called;
    private boolean marked;
    private boolean lineStart = true;

    /** @param known the names of the request's tools, which alone make an unmarked object a call */
    JsonCallParser(ToolCallSink sink, Marks marks, Predicate<String> known) {
        super(sink);
        this.marks = marks;
        this.known = known;
        this.starts = new MarkerWatch(marks.starts());
        List<String> between = new ArrayList<>(marks.starts());
        if (!marks.end().isEmpty()) {
            between.add(marks.end());
        }
        this.ends = new MarkerWatch(between);
        this.call = new JsonCall(sink, known);
    }

    @Override
    void accept(char c) {
        switch (at) {
            case CONTENT -> content(c);
            case BETWEEN -> between(c);
            case OBJECT -> object(c);
            case NAME -> name(c);
            case ARGUMENTS -> argument(c);
        }
    }

    private void content(char c) {
        if (marks.bareObjects() && lineStart && c == '{') {
            sink.content(starts.drain());
            raw.setLength(0);
            called = false;
            marked = false;
            begin(c);
            return;
        }
        lineStart = c == '\n' || lineStart && Character.isWhitespace(c);
        String start = starts.accept(c, passed);
        tellPassed();
        if (start != null) {
            opened(start);
        }
    }

    private void opened(String start) {
        at = At.BETWEEN;
        called = false;
        marked = true;
        raw.setLength(0);
        raw.append(start);
    }

    private void between(char c) {
        StringBuilder before = new StringBuilder();
        String marker = ends.accept(c, before);
        for (int i = 0; i < before.length(); i++) {
            if (at == At.BETWEEN) {
                separator(before.charAt(i));
            } else {
                accept(before.charAt(i));
            }
        }
        if (at != At.BETWEEN) {
            // what the watch still holds belongs to what has begun
            String rest = marker != null ? marker : ends.drain();
            append(rest);
        } else if (marker != null) {
            marker(marker);
        }
    }

    private void marker(String marker) {
        boolean closes = marker.equals(marks.end());
        if (!called) {
            sink.content(closes ? raw + marker : raw.toString());
        }
        if (closes) {
            raw.setLength(0);
            toContent();
        } else {
            opened(marker);
        }
    }

    private void separator(char c) {
        if (c == '{') {
            begin(c);
        } else if (Character.isWhitespace(c) || SEPARATORS.indexOf(c) >= 0) {
            raw.append(c);
        } else if (marks.bareNames() && isNameCharacter(c) && !called) {
            at = At.NAME;
            name(c);
        } else {
            String before = raw.toString();
            sink.content(called ? ARRAY_END.matcher(before).replaceFirst("") : before);
            raw.setLength(0);
            toContent();
            content(c);
        }
    }

    private void begin(char c) {
        call = new JsonCall(sink, marked ? any -> true : known);
        at = At.OBJECT;
        call.accept(c);
    }

    private void object(char c) {
        switch (call.accept(c)) {
            case MORE -> {}
            case DONE -> {
                at = At.BETWEEN;
                called = true;
                raw.setLength(0);
            }
            case REFUSED -> {
                if (!call.announced()) {
                    sink.content(raw + call.raw());
                }
                raw.setLength(0);
                toContent();
                content(c);
            }
        }
    }

    /** Mistral's newer form; an id may stand between name and arguments. */
    private void name(char c) {
        if (c == '{') {
            String head = raw.substring(raw.indexOf("]") + 1);
            Optional<Head> read = Head.read(head);
            if (read.isPresent()) {
                sink.call(read.get().name(), read.get().id());
                arguments = new JsonExtent();
                at = At.ARGUMENTS;
                argument(c);
                return;
            }
        }
        if (c == '\n' || c == '{' || raw.length() > 256) {
            sink.content(raw.toString());
            raw.setLength(0);
            toContent();
            content(c);
        } else {
            raw.append(c);
        }
    }

    private record Head(String name, String id) {
        static Optional<Head> read(String text) {
            String head = text.strip();
            head = head.endsWith(ARGS) ? head.substring(0, head.length() - ARGS.length()) : head;
            int id = head.indexOf(CALL_ID);
            String name = (id < 0 ? head : head.substring(0, id)).strip();
            return isName(name)
                    ? Optional.of(new Head(
                            name,
                            id < 0 ? "" : head.substring(id + CALL_ID.length()).strip()))
                    : Optional.empty();
        }
    }

    private void argument(char c) {
        sink.arguments(String.valueOf(c));
        if (arguments.accept(c)) {
            at = At.BETWEEN;
            called = true;
            raw.setLength(0);
        }
    }

    private void toContent() {
        at = At.CONTENT;
        lineStart = false;
    }

    private void tellPassed() {
        if (!passed.isEmpty()) {
            String text = passed.toString();
            passed.setLength(0);
            sink.content(text);
        }
    }

    @Override
    public void finish() {
        switch (at) {
            case CONTENT -> sink.content(starts.drain());
            case BETWEEN -> {
                if (!called) {
                    sink.content(raw + ends.drain());
                }
            }
            case OBJECT -> {
                if (call.named()) {
                    call.breakOff();
                } else {
                    sink.content(raw + call.raw());
                }
            }
            case NAME -> sink.content(raw.toString());
            case ARGUMENTS -> {
                // told as they came
            }
        }
        raw.setLength(0);
    }
}
