package io.yuebing.answer.tools;

/**
 * Reads calls whose parts are set off by special tokens, all of them within one section.
 *
 * <pre>
 * section  call  head          separator  arguments  /call  /section
 *
 * DeepSeek-V3, R1   head = "function", then  NAME \n ```json \n {...} \n ```
 * DeepSeek-V3.1     head = NAME
 * Kimi-K2           head = functions.NAME:0, which is the call's id, too
 * </pre>
 */
final class SectionCallParser extends ToolCallParser {
    private static final String FENCE = "```";
    private static final int LONGEST_HEAD = 256;

    /** The special tokens of a family. */
    record Marks(String section, String call, String separator, String callEnd, String sectionEnd, Head head) {}

    /** What stands before the arguments. */
    enum Head {
        FENCED,
        NAME,
        NUMBERED
    }

    private enum At {
        CONTENT,
        SECTION,
        HEAD,
        FENCED_NAME,
        ARGUMENTS
    }

    private final Marks marks;
    private MarkerWatch watch;
    private At at = At.CONTENT;

    /** What was read since the section or the last call, given back if no call comes of it. */
    private final StringBuilder raw = new StringBuilder();

    private final StringBuilder head = new StringBuilder();

    /** Space and fence characters that may be the end of the arguments. */
    private final StringBuilder tail = new StringBuilder();

    private boolean anyArguments;

    SectionCallParser(ToolCallSink sink, Marks marks) {
        super(sink);
        this.marks = marks;
        this.watch = contentWatch();
    }

    private MarkerWatch contentWatch() {
        return new MarkerWatch(marks.section(), marks.call());
    }

    @Override
    void accept(char c) {
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
        switch (at) {
            case CONTENT -> sink.content(String.valueOf(c));
            case SECTION -> {
                raw.append(c);
                if (!Character.isWhitespace(c)) {
                    refuse();
                }
            }
            case HEAD -> {
                raw.append(c);
                head.append(c);
                if (head.length() > LONGEST_HEAD) {
                    refuse();
                }
            }
            case FENCED_NAME -> fencedName(c);
            case ARGUMENTS -> argument(c);
        }
    }

    private void marker(String marker) {
        if (at == At.ARGUMENTS) {
            endArguments(marker);
            return;
        }
        raw.append(marker);
        if (marker.equals(marks.section())) {
            to(At.SECTION, new MarkerWatch(marks.call(), marks.sectionEnd()));
        } else if (marker.equals(marks.call())) {
            head.setLength(0);
            to(At.HEAD, new MarkerWatch(marks.separator(), marks.callEnd(), marks.sectionEnd()));
        } else if (marker.equals(marks.separator()) && at == At.HEAD) {
            headEnded();
        } else if (at == At.SECTION && !raw.toString().startsWith(marks.section())) {
            // the section ends after its calls
            raw.setLength(0);
            to(At.CONTENT, contentWatch());
        } else {
            refuse();
        }
    }

    private void headEnded() {
        if (marks.head() == Head.FENCED) {
            head.setLength(0);
            to(At.FENCED_NAME, new MarkerWatch(marks.callEnd(), marks.sectionEnd()));
            return;
        }
        String id = head.toString().strip();
        String name = id;
        if (marks.head() == Head.NUMBERED) {
            int colon = id.lastIndexOf(':');
            name = colon < 0 ? id : id.substring(0, colon);
            name = name.substring(name.indexOf('.') + 1);
        }
        begin(name, marks.head() == Head.NUMBERED ? id : "");
    }

    /** {@code NAME}, a line feed, {@code ```json}, a line feed. */
    private void fencedName(char c) {
        raw.append(c);
        head.append(c);
        int line = head.indexOf("\n");
        if (line >= 0 && c == '\n' && head.length() > line + 1) {
            if (head.substring(line + 1).startsWith(FENCE)) {
                begin(head.substring(0, line).strip(), "");
            } else {
                refuse();
            }
        } else if (head.length() > LONGEST_HEAD) {
            refuse();
        }
    }

    private void begin(String name, String id) {
        if (!isName(name)) {
            refuse();
            return;
        }
        sink.call(name, id);
        raw.setLength(0);
        tail.setLength(0);
        anyArguments = false;
        to(At.ARGUMENTS, new MarkerWatch(marks.callEnd(), marks.sectionEnd()));
    }

    private void argument(char c) {
        if (Character.isWhitespace(c) || marks.head() == Head.FENCED && c == '`') {
            tail.append(c);
            return;
        }
        sink.arguments((anyArguments ? tail.toString() : tail.toString().stripLeading()) + c);
        tail.setLength(0);
        anyArguments = true;
    }

    private void endArguments(String marker) {
        String rest = tail.toString().strip();
        rest = rest.endsWith(FENCE)
                ? rest.substring(0, rest.length() - FENCE.length()).stripTrailing()
                : rest;
        if (!rest.isEmpty()) {
            sink.arguments(rest);
        } else if (!anyArguments) {
            sink.arguments("{}");
        }
        tail.setLength(0);
        if (marker.equals(marks.sectionEnd())) {
            to(At.CONTENT, contentWatch());
        } else {
            to(At.SECTION, new MarkerWatch(marks.call(), marks.sectionEnd()));
        }
    }

    private void refuse() {
        sink.content(raw.toString());
        raw.setLength(0);
        to(At.CONTENT, contentWatch());
    }

    private void to(At next, MarkerWatch markers) {
        at = next;
        watch = markers;
    }

    @Override
    public void finish() {
        String held = watch.drain();
        switch (at) {
            case CONTENT -> sink.content(held);
            case SECTION -> sink.content(raw.toString().isBlank() ? "" : raw + held);
            case HEAD, FENCED_NAME -> sink.content(raw + held);
            case ARGUMENTS -> {
                // the answer was cut off: as much as was written
                held.chars().forEach(c -> argument((char) c));
            }
        }
        raw.setLength(0);
    }
}
