package io.yuebing.text.jinja;

import io.yuebing.text.jinja.Value.Dict;
import io.yuebing.text.jinja.Value.None;
import io.yuebing.text.jinja.Value.Seq;
import io.yuebing.text.jinja.Value.Str;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** The filter {@code pprint}: Python's {@code pprint.pformat}, 80 columns wide, dictionaries ordered by key. */
final class PrettyPrint {
    private static final int WIDTH = 80;
    private static final Pattern PART = Pattern.compile("\\S*\\s*", Pattern.UNICODE_CHARACTER_CLASS);

    private final StringBuilder out = new StringBuilder();

    private PrettyPrint() {}

    static Value filter(Value value, Arguments arguments) {
        arguments.bind("pprint");
        PrettyPrint printed = new PrettyPrint();
        printed.append(ordered(value), 0, 0, true);
        return Str.of(printed.out.toString());
    }

    /** The value with all dictionaries in it ordered by key. */
    private static Value ordered(Value value) {
        return switch (value) {
            case Seq seq ->
                new Seq(seq.items().stream().map(PrettyPrint::ordered).toList(), seq.kind());
            case Dict dict -> {
                List<Value> keys = new ArrayList<>(dict.entries().keySet());
                keys.sort(PrettyPrint::order);
                Map<Value, Value> entries = new LinkedHashMap<>();
                keys.forEach(key -> entries.put(key, ordered(dict.entries().getOrDefault(key, None.NONE))));
                yield new Dict(Collections.unmodifiableMap(entries));
            }
            default -> value;
        };
    }

    /** Keys that Python cannot compare come by the names of their types. */
    private static int order(Value a, Value b) {
        try {
            return Operators.order(a, b, "<");
        } catch (JinjaException incomparable) {
            return Operators.typeName(a).compareTo(Operators.typeName(b));
        }
    }

    /**
     * Writes a value that begins at column {@code indent}.
     *
     * @param allowance columns at the end of its last line that what follows needs
     */
    private void append(Value value, int indent, int allowance, boolean outermost) {
        Limits.checkText(out.length());
        String flat = Representation.repr(value);
        boolean fits = PythonText.length(flat) <= WIDTH - indent - allowance;
        switch (value) {
            case Dict dict when !fits -> appendDict(dict, indent, allowance + 1);
            case Seq seq
            when !fits && seq.kind() == Seq.Kind.LIST -> {
                out.append('[');
                appendItems(seq.items(), indent + 1, allowance + 1);
                out.append(']');
            }
            case Seq seq
            when !fits -> {
                String end = seq.items().size() == 1 ? ",)" : ")";
                out.append('(');
                appendItems(seq.items(), indent + 1, allowance + end.length());
                out.append(end);
            }
            case Str text when !fits && !text.markup() -> appendText(text.text(), indent, allowance, outermost);
            default -> out.append(flat);
        }
    }

    private void appendDict(Dict dict, int indent, int allowance) {
        out.append('{');
        int left = dict.entries().size();
        for (Map.Entry<Value, Value> entry : dict.entries().entrySet()) {
            String key = Representation.repr(entry.getKey());
            boolean last = --left == 0;
            out.append(key).append(": ");
            append(entry.getValue(), indent + 1 + PythonText.length(key) + 2, last ? allowance : 1, false);
            if (!last) {
                newLine(",", indent + 1);
            }
        }
        out.append('}');
    }

    private void appendItems(List<Value> items, int indent, int allowance) {
        for (int i = 0; i < items.size(); i++) {
            if (i > 0) {
                newLine(",", indent);
            }
            append(items.get(i), indent, i == items.size() - 1 ? allowance : 1, false);
        }
    }

    private void newLine(String before, int indent) {
        Limits.checkText((long) out.length() + indent);
        out.append(before).append('\n').repeat(' ', indent);
    }

    /** A long string as several literals one below another; in brackets if nothing else encloses them. */
    private void appendText(String text, int indent, int allowance, boolean outermost) {
        int inner = outermost ? indent + 1 : indent;
        List<String> literals = literals(text, WIDTH - inner, outermost ? allowance + 1 : allowance);
        boolean bracketed = outermost && literals.size() > 1;
        out.append(bracketed ? "(" : "").append(literals.getFirst());
        for (String literal : literals.subList(1, literals.size())) {
            newLine("", inner);
            out.append(literal);
        }
        out.append(bracketed ? ")" : "");
    }

    /** Literals of at most {@code width} columns, of which the last leaves {@code allowance} free. */
    private static List<String> literals(String text, int width, int allowance) {
        List<String> literals = new ArrayList<>();
        List<String> lines = PythonText.lines(text, true);
        for (int i = 0; i < lines.size(); i++) {
            int after = i == lines.size() - 1 ? allowance : 0;
            String whole = literal(lines.get(i));
            if (PythonText.length(whole) <= width - after) {
                literals.add(whole);
            } else {
                addWords(lines.get(i), width, after, literals);
            }
        }
        return literals;
    }

    private static void addWords(String line, int width, int after, List<String> literals) {
        List<String> parts = PART.matcher(line)
                .results()
                .map(MatchResult::group)
                .filter(part -> !part.isEmpty())
                .toList();
        String current = "";
        for (int i = 0; i < parts.size(); i++) {
            String candidate = current + parts.get(i);
            int room = i == parts.size() - 1 ? width - after : width;
            if (PythonText.length(literal(candidate)) <= room) {
                current = candidate;
            } else {
                if (!current.isEmpty()) {
                    literals.add(literal(current));
                }
                current = parts.get(i);
            }
        }
        if (!current.isEmpty()) {
            literals.add(literal(current));
        }
    }

    private static String literal(String text) {
        return Representation.repr(Str.of(text));
    }
}
