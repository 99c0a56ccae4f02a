package io.yuebing.text.jinja;

import io.yuebing.text.jinja.Value.Str;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Python's view of a string: a sequence of code points, with Python's idea of white space and case. */
final class PythonText {
    private PythonText() {}

    /** Number of code points. */
    static int length(String text) {
        return text.codePointCount(0, text.length());
    }

    static String characterAt(String text, int index) {
        int from = text.offsetByCodePoints(0, index);
        return text.substring(from, text.offsetByCodePoints(from, 1));
    }

    /** The code points from {@code from} on, at most {@code count} of them. */
    static String head(String text, int count) {
        return length(text) <= count ? text : text.substring(0, text.offsetByCodePoints(0, Math.max(0, count)));
    }

    static List<Value> characters(String text) {
        List<Value> characters = new ArrayList<>(text.length());
        for (int i = 0; i < text.length(); ) {
            int next = i + Character.charCount(text.codePointAt(i));
            characters.add(Str.of(text.substring(i, next)));
            i = next;
        }
        return characters;
    }

    static String join(List<Value> characters) {
        StringBuilder text = new StringBuilder();
        characters.forEach(c -> text.append(((Str) c).text()));
        return text.toString();
    }

    /** Order by code points; {@link String#compareTo} puts emoji before U+E000. */
    static int compare(String a, String b) {
        for (int i = 0; i < Math.min(a.length(), b.length()); i++) {
            if (a.charAt(i) != b.charAt(i)) {
                boolean surrogates = Character.isSurrogate(a.charAt(i)) != Character.isSurrogate(b.charAt(i));
                int order = Integer.compare(a.charAt(i), b.charAt(i));
                boolean supplementary = surrogates && Math.max(a.charAt(i), b.charAt(i)) > Character.MAX_SURROGATE;
                return supplementary ? -order : order;
            }
        }
        return Integer.compare(a.length(), b.length());
    }

    static String repeat(String text, int times) {
        Limits.checkText((long) text.length() * times);
        return text.repeat(times);
    }

    /** Python's {@code str.isspace} of one character. */
    static boolean isSpace(int c) {
        return c == ' '
                || c >= '\t' && c <= '\r'
                || c >= 0x1C && c <= 0x1F
                || c == 0x85
                || c == 0xA0
                || c > 0xA0 && Character.isSpaceChar(c);
    }

    static String strip(String text) {
        return stripEnd(stripStart(text));
    }

    static String stripStart(String text) {
        int from = 0;
        while (from < text.length() && isSpace(text.charAt(from))) {
            from++;
        }
        return text.substring(from);
    }

    static String stripEnd(String text) {
        int to = text.length();
        while (to > 0 && isSpace(text.charAt(to - 1))) {
            to--;
        }
        return text.substring(0, to);
    }

    /** Strips any of the given characters from the chosen ends. */
    static String strip(String text, String characters, boolean start, boolean end) {
        int from = 0;
        int to = text.length();
        while (start && from < to && characters.indexOf(text.codePointAt(from)) >= 0) {
            from += Character.charCount(text.codePointAt(from));
        }
        while (end && to > from && characters.indexOf(text.codePointBefore(to)) >= 0) {
            to -= Character.charCount(text.codePointBefore(to));
        }
        return text.substring(from, to);
    }

    /** Python's {@code replace}; {@code limit} below 0 stands for all. */
    static String replace(String text, String old, String replacement, int limit) {
        if (limit == 0) {
            return text;
        }
        StringBuilder out = new StringBuilder();
        int from = 0;
        int left = limit;
        if (old.isEmpty()) {
            return interleave(text, replacement, limit);
        }
        for (int at = text.indexOf(old); at >= 0 && left != 0; at = text.indexOf(old, from), left--) {
            out.append(text, from, at).append(replacement);
            Limits.checkText(out.length());
            from = at + old.length();
        }
        return out.append(text, from, text.length()).toString();
    }

    private static String interleave(String text, String between, int limit) {
        StringBuilder out = new StringBuilder();
        int left = limit;
        for (Value character : characters(text)) {
            if (left-- != 0) {
                out.append(between);
            } else {
                left = 0;
            }
            out.append(((Str) character).text());
            Limits.checkText(out.length());
        }
        return left != 0 ? out.append(between).toString() : out.toString();
    }

    /** Python's {@code split()} at runs of white space; {@code limit} below 0 stands for all. */
    static List<Value> splitAtSpace(String text, int limit, boolean fromRight) {
        String trimmed = fromRight ? stripEnd(text) : stripStart(text);
        List<Value> parts = new ArrayList<>();
        int from = 0;
        int to = trimmed.length();
        while (from < to) {
            if (parts.size() == limit) {
                parts.add(Str.of(trimmed.substring(from, to)));
                break;
            }
            if (fromRight) {
                int start = passed(trimmed, to, -1, false);
                parts.add(Str.of(trimmed.substring(start, to)));
                to = passed(trimmed, start, -1, true);
            } else {
                int end = passed(trimmed, from, 1, false);
                parts.add(Str.of(trimmed.substring(from, end)));
                from = passed(trimmed, end, 1, true);
            }
        }
        return fromRight ? parts.reversed() : parts;
    }

    /** Where white space, or what is none, ends that lies to the right (1) or to the left (-1) of {@code index}. */
    private static int passed(String text, int index, int direction, boolean space) {
        int at = index;
        while (direction > 0
                ? at < text.length() && isSpace(text.charAt(at)) == space
                : at > 0 && isSpace(text.charAt(at - 1)) == space) {
            at += direction;
        }
        return at;
    }

    /** Python's {@code split(separator)}; {@code limit} below 0 stands for all. */
    static List<Value> split(String text, String separator, int limit, boolean fromRight) {
        if (separator.isEmpty()) {
            throw new JinjaException("empty separator");
        }
        List<Value> parts = new ArrayList<>();
        int from = 0;
        int to = text.length();
        while (parts.size() != limit) {
            int at = fromRight ? text.lastIndexOf(separator, to - separator.length()) : text.indexOf(separator, from);
            if (at < 0) {
                break;
            }
            parts.add(Str.of(fromRight ? text.substring(at + separator.length(), to) : text.substring(from, at)));
            if (fromRight) {
                to = at;
            } else {
                from = at + separator.length();
            }
        }
        parts.add(Str.of(text.substring(from, to)));
        return fromRight ? parts.reversed() : parts;
    }

    /** Python's {@code splitlines}, which knows more line ends than {@code \n}. */
    static List<String> lines(String text, boolean keepEnds) {
        List<String> lines = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean end = c >= '\n' && c <= '\r' || c >= 0x1C && c <= 0x1E || c == 0x85 || c == 0x2028 || c == 0x2029;
            if (end) {
                int next = c == '\r' && i + 1 < text.length() && text.charAt(i + 1) == '\n' ? i + 2 : i + 1;
                lines.add(text.substring(from, keepEnds ? next : i));
                from = next;
                i = next - 1;
            }
        }
        if (from < text.length()) {
            lines.add(text.substring(from));
        }
        return lines;
    }

    static String upper(String text) {
        return text.toUpperCase(Locale.ROOT);
    }

    static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }

    static String capitalize(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int first = Character.charCount(text.codePointAt(0));
        // Lower-casing the whole keeps the context that a final sigma needs.
        return titleCase(text.codePointAt(0))
                + lower(text).substring(lower(text.substring(0, first)).length());
    }

    /** Python's {@code str.casefold}: like {@code lower}, but without regard to neighbours, and ß becomes ss. */
    static String foldCase(String text) {
        StringBuilder out = new StringBuilder();
        text.codePoints()
                .mapToObj(Character::toString)
                .forEach(c -> out.append(c.equals("ı") || c.equals("İ") ? lower(c) : lower(upper(c))));
        return out.toString();
    }

    /** Python's {@code str.title}: a capital after everything that is not a letter with case. */
    static String title(String text) {
        StringBuilder out = new StringBuilder();
        boolean inWord = false;
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            out.append(inWord ? lowerAt(text, i) : titleCase(c));
            inWord = isCased(c);
            i += Character.charCount(c);
        }
        return out.toString();
    }

    /** The small letter of the character at {@code index}: of sigma, by what stands around it. */
    private static String lowerAt(String text, int index) {
        if (text.charAt(index) != 'Σ') {
            return lower(Character.toString(text.codePointAt(index)));
        }
        int before = lower(text.substring(0, index)).length();
        return lower(text).substring(before, before + 1);
    }

    static String swapCase(String text) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            out.append(Character.isUpperCase(c) ? lowerAt(text, i) : upper(Character.toString(c)));
            i += Character.charCount(c);
        }
        return out.toString();
    }

    private static String titleCase(int c) {
        String upper = upper(Character.toString(c));
        if (length(upper) == 1) {
            return Character.toString(Character.toTitleCase(c));
        }
        // Letters with a capital of several: ß has SS as capital and Ss at the start of a word.
        int first = Character.charCount(upper.codePointAt(0));
        return upper.substring(0, first) + lower(upper.substring(first));
    }

    static boolean isCased(int c) {
        return Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
    }

    /** Python's {@code islower} or {@code isupper}: a letter with case, and none of the other case. */
    static boolean hasOnlyCase(String text, boolean upper) {
        boolean found = false;
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            if (Character.isTitleCase(c) || (upper ? Character.isLowerCase(c) : Character.isUpperCase(c))) {
                return false;
            }
            found |= isCased(c);
        }
        return found;
    }

    static boolean isTitle(String text) {
        boolean found = false;
        boolean inWord = false;
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            boolean capital = Character.isUpperCase(c) || Character.isTitleCase(c);
            if (capital && inWord || Character.isLowerCase(c) && !inWord) {
                return false;
            }
            inWord = isCased(c);
            found |= inWord;
        }
        return found;
    }

    /** MarkupSafe's {@code escape}. */
    static String escapeHtml(String text) {
        return text.replace("&", "&amp;")
                .replace(">", "&gt;")
                .replace("<", "&lt;")
                .replace("'", "&#39;")
                .replace("\"", "&#34;");
    }

    static String pad(String text, int width, String fill, double shareBefore) {
        if (length(fill) != 1) {
            throw new JinjaException("The fill character must be exactly one character long");
        }
        int missing = width - length(text);
        if (missing <= 0) {
            return text;
        }
        Limits.checkText(width);
        // Python's center puts the odd one before if the width is odd, too.
        int before = shareBefore == 0.5 ? missing / 2 + (missing & width & 1) : (int) (missing * shareBefore);
        return fill.repeat(before) + text + fill.repeat(missing - before);
    }

    /** Whether Python prints the character as it is in {@code repr}. */
    static boolean isPrintable(int c) {
        return c == ' '
                || switch (Character.getType(c)) {
                    case Character.CONTROL,
                            Character.FORMAT,
                            Character.SURROGATE,
                            Character.PRIVATE_USE,
                            Character.UNASSIGNED,
                            Character.LINE_SEPARATOR,
                            Character.PARAGRAPH_SEPARATOR,
                            Character.SPACE_SEPARATOR -> false;
                    default -> true;
                };
    }
}
