package io.yuebing.text.jinja;

import io.yuebing.text.jinja.Token.Type;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a template into tokens, with {@code trim_blocks} and {@code lstrip_blocks} set, as transformers sets them.
 *
 * <p>White space control is here: {@code -} strips all white space on its side of a tag; a block or comment that only
 * spaces precede on its line loses them, unless it begins with {@code +}; and the line end after a block or comment
 * goes, unless it ends with {@code +}. One line end at the end of the template goes, too.
 */
final class Lexer {
    private static final Pattern RAW_BEGIN =
            Pattern.compile("\\{%([-+]?)\\s*raw\\s*(?:-%}\\s*|%})", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern RAW_END =
            Pattern.compile("\\{%([-+]?)\\s*endraw\\s*(?:\\+%}|-%}\\s*|%}\\n?)", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern OPENING = Pattern.compile("\\{[{%#]");
    private static final Pattern BLOCK_END = Pattern.compile("\\+%}|-%}\\s*|%}\\n?", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern VARIABLE_END = Pattern.compile("-}}\\s*|}}", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern COMMENT_END = Pattern.compile("\\+#}|-#}\\s*|#}\\n?", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern FLOAT = Pattern.compile(
            "(?<!\\.)(?:\\d+_)*\\d+(?:(?:\\.(?:\\d+_)*\\d+)?[eE][+\\-]?(?:\\d+_)*\\d+|\\.(?:\\d+_)*\\d+)");
    private static final Pattern INTEGER =
            Pattern.compile("0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[\\da-fA-F])+|[1-9](?:_?\\d)*|0(?:_?0)*");
    private static final Pattern NAME = Pattern.compile("[\\w·]+", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern STRING =
            Pattern.compile("'[^'\\\\]*+(?:\\\\.[^'\\\\]*+)*+'|\"[^\"\\\\]*+(?:\\\\.[^\"\\\\]*+)*+\"", Pattern.DOTALL);
    private static final Pattern OPERATOR = Pattern.compile("//|\\*\\*|[=!<>]=|[-+/*%~\\[\\](){}<>=.:|,;]");

    private final String source;
    private final Matcher matcher;
    private final List<Token> tokens = new ArrayList<>();
    private int position;
    private int line = 1;
    /** Whether the text from here on begins a line, after a tag whose line end was trimmed. */
    private boolean lineStarting = true;

    private Lexer(String source) {
        this.source = source;
        this.matcher = Pattern.compile("").matcher(source).useTransparentBounds(true);
    }

    static List<Token> tokens(String template) {
        String source = template.replace("\r\n", "\n").replace('\r', '\n');
        if (source.endsWith("\n")) {
            source = source.substring(0, source.length() - 1);
        }
        Lexer lexer = new Lexer(source);
        lexer.readTemplate();
        return lexer.tokens;
    }

    private void readTemplate() {
        while (position < source.length()) {
            if (!matcher.usePattern(OPENING).region(position, source.length()).find()) {
                addData(source.substring(position));
                position = source.length();
                break;
            }
            int start = matcher.start();
            char kind = source.charAt(start + 1);
            if (kind == '%' && lookingAt(RAW_BEGIN, start)) {
                readRaw(start);
                continue;
            }
            int begin = start + 2;
            char sign = begin < source.length() ? source.charAt(begin) : ' ';
            addData(stripped(source.substring(position, start), sign, kind != '{'));
            skipTo(sign == '-' || sign == '+' ? begin + 1 : begin);
            switch (kind) {
                case '#' -> readComment();
                case '%' -> readTag(Type.BLOCK_BEGIN, Type.BLOCK_END, BLOCK_END);
                default -> readTag(Type.VARIABLE_BEGIN, Type.VARIABLE_END, VARIABLE_END);
            }
        }
        add(Type.EOF, "");
    }

    private boolean lookingAt(Pattern pattern, int at) {
        return matcher.usePattern(pattern).region(at, source.length()).lookingAt();
    }

    private void add(Type type, String text) {
        tokens.add(new Token(type, text, line));
    }

    private void addData(String text) {
        if (!text.isEmpty()) {
            add(Type.DATA, text);
        }
    }

    /** Moves on, counting lines, and notes whether what was passed ended a line. */
    private void skipTo(int end) {
        for (int i = position; i < end; i++) {
            line += source.charAt(i) == '\n' ? 1 : 0;
        }
        lineStarting = end > position && source.charAt(end - 1) == '\n';
        position = end;
    }

    /** Text before a tag, without what the tag's sign or its place at the start of a line takes away. */
    private String stripped(String text, char sign, boolean ownLine) {
        if (sign == '-') {
            return PythonText.stripEnd(text);
        }
        int lineStart = text.lastIndexOf('\n') + 1;
        boolean strips = sign != '+' && ownLine && (lineStart > 0 || lineStarting);
        return strips && PythonText.strip(text.substring(lineStart)).isEmpty() ? text.substring(0, lineStart) : text;
    }

    private void readComment() {
        if (position == source.length()) {
            return;
        }
        if (!matcher.usePattern(COMMENT_END).region(position, source.length()).find()) {
            throw problem("Missing end of comment tag");
        }
        skipTo(matcher.end());
    }

    private void readRaw(int start) {
        String sign = matcher.group(1);
        int end = matcher.end();
        addData(stripped(source.substring(position, start), sign.isEmpty() ? ' ' : sign.charAt(0), true));
        skipTo(end);
        if (position == source.length()) {
            return;
        }
        if (!matcher.usePattern(RAW_END).region(position, source.length()).find()) {
            throw problem("Missing end of raw directive");
        }
        sign = matcher.group(1);
        end = matcher.end();
        String body = source.substring(position, matcher.start());
        addData(stripped(body, sign.isEmpty() ? ' ' : sign.charAt(0), true));
        skipTo(end);
    }

    private void readTag(Type begin, Type end, Pattern endPattern) {
        add(begin, "");
        Deque<Character> open = new ArrayDeque<>();
        while (position < source.length()) {
            if (open.isEmpty() && lookingAt(endPattern, position)) {
                add(end, "");
                skipTo(matcher.end());
                return;
            }
            readToken(open);
        }
        // The end of the source within a tag: the parser says what it expected.
    }

    private void readToken(Deque<Character> open) {
        char c = source.charAt(position);
        if (PythonText.isSpace(c)) {
            skipTo(position + 1);
        } else if (lookingAt(FLOAT, position)) {
            addMatch(Type.FLOAT);
        } else if (lookingAt(INTEGER, position)) {
            addMatch(Type.INTEGER);
        } else if (lookingAt(NAME, position)) {
            if (!TextMethods.isIdentifier(matcher.group())) {
                throw problem("Invalid character in identifier '" + matcher.group() + "'");
            }
            addMatch(Type.NAME);
        } else if (lookingAt(STRING, position)) {
            String quoted = matcher.group();
            int end = matcher.end();
            add(Type.STRING, unescaped(quoted.substring(1, quoted.length() - 1)));
            skipTo(end);
        } else if (lookingAt(OPERATOR, position)) {
            balance(open, matcher.group());
            addMatch(Type.OPERATOR);
        } else {
            throw problem("unexpected char '" + c + "'");
        }
    }

    private void addMatch(Type type) {
        int end = matcher.end();
        add(type, matcher.group());
        skipTo(end);
    }

    private void balance(Deque<Character> open, String operator) {
        switch (operator) {
            case "(" -> open.push(')');
            case "[" -> open.push(']');
            case "{" -> open.push('}');
            case ")", "]", "}" -> {
                if (open.isEmpty() || open.pop() != operator.charAt(0)) {
                    throw problem("unexpected '" + operator + "'");
                }
            }
            default -> {}
        }
    }

    /** Python's escapes in a string literal; unknown ones stay as they are. */
    private String unescaped(String text) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '\\') {
                out.append(c);
                continue;
            }
            char kind = text.charAt(++i);
            switch (kind) {
                case '\n' -> {}
                case '\\', '\'', '"' -> out.append(kind);
                case 'a' -> out.append('\u0007');
                case 'b' -> out.append('\b');
                case 'f' -> out.append('\f');
                case 'n' -> out.append('\n');
                case 'r' -> out.append('\r');
                case 't' -> out.append('\t');
                case 'v' -> out.append('\u000B');
                case 'x' -> i = appendCodePoint(text, i, 2, out);
                case 'u' -> i = appendCodePoint(text, i, 4, out);
                case 'U' -> i = appendCodePoint(text, i, 8, out);
                case 'N' -> i = appendNamed(text, i, out);
                default -> {
                    if (kind >= '0' && kind <= '7') {
                        int end = i;
                        while (end < text.length()
                                && end < i + 3
                                && text.charAt(end) >= '0'
                                && text.charAt(end) <= '7') {
                            end++;
                        }
                        out.append((char) Integer.parseInt(text, i, end, 8));
                        i = end - 1;
                    } else {
                        out.append('\\').append(kind);
                    }
                }
            }
        }
        return out.toString();
    }

    /** Appends the character whose {@code digits} hexadecimal digits follow; returns the index of the last. */
    private int appendCodePoint(String text, int at, int digits, StringBuilder out) {
        try {
            out.appendCodePoint(Integer.parseInt(text, at + 1, at + 1 + digits, 16));
        } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
            throw problem("truncated or invalid \\" + text.charAt(at) + " escape");
        }
        return at + digits;
    }

    private int appendNamed(String text, int at, StringBuilder out) {
        int end = text.indexOf('}', at);
        if (end < 0 || text.charAt(at + 1) != '{') {
            throw problem("malformed \\N character escape");
        }
        try {
            out.appendCodePoint(Character.codePointOf(text.substring(at + 2, end)));
        } catch (IllegalArgumentException e) {
            throw problem("unknown Unicode character name");
        }
        return end;
    }

    private JinjaException problem(String message) {
        return new JinjaException(message).atLine(line);
    }
}
