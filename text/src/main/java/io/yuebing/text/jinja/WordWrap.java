package io.yuebing.text.jinja;

import io.yuebing.text.jinja.Value.Str;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The filter {@code wordwrap}: breaks lines where Python's {@code textwrap} does. */
final class WordWrap {
    private static final String SPACE = "[\\t\\n\\x0b\\f\\r ]";
    private static final String NO_SPACE = "[^\\t\\n\\x0b\\f\\r ]";
    private static final String WORD = "[\\p{L}\\p{N}_]";
    private static final String LETTER = "[\\p{L}\\p{Nl}\\p{No}_]";
    private static final String IN_WORD = "[\\p{L}\\p{N}_!\"'&.,?]";
    private static final Pattern AT_SPACE = Pattern.compile(SPACE + "+");
    /** White space, a dash between words, or a word up to its hyphen, its end or a dash ({@code wordsep_re}). */
    private static final Pattern AT_SPACE_AND_HYPHEN = Pattern.compile(SPACE + "+"
            + "|(?<=" + IN_WORD + ")-{2,}(?=" + WORD + ")"
            + "|" + NO_SPACE + "+?(?:"
            + "-(?:(?<=" + LETTER + "{2}-)|(?<=" + LETTER + "-" + IN_WORD + "-))(?=" + LETTER + "-?" + LETTER + ")"
            + "|(?=" + SPACE + "|\\z)"
            + "|(?<=" + IN_WORD + ")(?=-{2,}" + WORD + "))");

    /** A piece of the line that stays together: where it begins and ends, and its code points. */
    private record Chunk(int from, int to, int length) {}

    private final String line;
    private final int width;
    private final boolean breakLongWords;
    private final boolean breakOnHyphens;
    private final Deque<Chunk> chunks = new ArrayDeque<>();

    private WordWrap(String line, int width, boolean breakLongWords, boolean breakOnHyphens) {
        this.line = line;
        this.width = width;
        this.breakLongWords = breakLongWords;
        this.breakOnHyphens = breakOnHyphens;
    }

    static Value filter(Value value, Arguments arguments) {
        Arguments.Bound bound =
                arguments.bind("wordwrap", "width", "break_long_words", "wrapstring", "break_on_hyphens");
        int width = bound.integer("width", 79);
        boolean breakLongWords = !bound.values().containsKey("break_long_words") || bound.flag("break_long_words");
        boolean breakOnHyphens = !bound.values().containsKey("break_on_hyphens") || bound.flag("break_on_hyphens");
        String separator = bound.given("wrapstring") == null ? "\n" : bound.text("wrapstring");
        List<String> wrapped = new ArrayList<>();
        for (String line : PythonText.lines(TextFilters.requireText("wordwrap", value), false)) {
            if (width <= 0) {
                throw new JinjaException("invalid width " + width + " (must be > 0)");
            }
            List<String> lines = new WordWrap(line, width, breakLongWords, breakOnHyphens).lines();
            wrapped.add(TextMethods.joined(separator, lines));
        }
        return Str.of(TextMethods.joined(separator, wrapped));
    }

    private List<String> lines() {
        split();
        List<String> lines = new ArrayList<>();
        while (!chunks.isEmpty()) {
            if (!lines.isEmpty() && isBlank(chunks.getFirst())) {
                chunks.removeFirst();
            }
            List<Chunk> taken = takeLine();
            if (!taken.isEmpty() && isBlank(taken.getLast())) {
                taken.removeLast();
            }
            if (!taken.isEmpty()) {
                lines.add(
                        line.substring(taken.getFirst().from(), taken.getLast().to()));
            }
        }
        return lines;
    }

    private void split() {
        Matcher matcher = (breakOnHyphens ? AT_SPACE_AND_HYPHEN : AT_SPACE).matcher(line);
        int end = 0;
        while (matcher.find()) {
            add(end, matcher.start());
            add(matcher.start(), matcher.end());
            end = matcher.end();
        }
        add(end, line.length());
    }

    private void add(int from, int to) {
        if (from < to) {
            chunks.add(new Chunk(from, to, line.codePointCount(from, to)));
        }
    }

    private boolean isBlank(Chunk chunk) {
        return PythonText.strip(line.substring(chunk.from(), chunk.to())).isEmpty();
    }

    private List<Chunk> takeLine() {
        List<Chunk> taken = new ArrayList<>();
        int length = 0;
        while (!chunks.isEmpty() && length + chunks.getFirst().length() <= width) {
            Chunk chunk = chunks.removeFirst();
            taken.add(chunk);
            length += chunk.length();
        }
        if (!chunks.isEmpty() && chunks.getFirst().length() > width) {
            if (breakLongWords) {
                taken.add(takeStart(width - length));
            } else if (taken.isEmpty()) {
                taken.add(chunks.removeFirst());
            }
        }
        return taken;
    }

    /** Takes off the first chunk what fits into {@code room} code points, up to a hyphen if there is one. */
    private Chunk takeStart(int room) {
        Chunk chunk = chunks.removeFirst();
        int cut = line.offsetByCodePoints(chunk.from(), room);
        if (breakOnHyphens) {
            int hyphen = line.lastIndexOf('-', cut - 1);
            boolean behindWord = line.substring(chunk.from(), Math.max(hyphen, chunk.from()))
                    .chars()
                    .anyMatch(c -> c != '-');
            cut = behindWord ? hyphen + 1 : cut;
        }
        int length = line.codePointCount(chunk.from(), cut);
        chunks.addFirst(new Chunk(cut, chunk.to(), chunk.length() - length));
        return new Chunk(chunk.from(), cut, length);
    }
}
