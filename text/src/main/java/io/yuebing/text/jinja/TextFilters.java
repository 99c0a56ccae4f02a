package io.yuebing.text.jinja;

import io.yuebing.text.jinja.Value.Dict;
import io.yuebing.text.jinja.Value.Int;
import io.yuebing.text.jinja.Value.None;
import io.yuebing.text.jinja.Value.Num;
import io.yuebing.text.jinja.Value.Seq;
import io.yuebing.text.jinja.Value.Str;
import io.yuebing.text.jinja.Value.Undefined;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The filters that make text. */
final class TextFilters {
    private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{N}_]+");

    private TextFilters() {}

    static void addTo(Map<String, Filter> all) {
        for (String method : List.of("upper", "lower", "capitalize")) {
            all.put(method, (value, arguments) -> TextMethods.call(text(value), method, arguments));
        }
        all.put("trim", (value, arguments) -> {
            Arguments.Bound bound = arguments.bind("trim", "chars");
            return TextMethods.call(text(value), "strip", Arguments.of(bound.or("chars", None.NONE)));
        });
        all.put("center", (value, arguments) -> {
            Arguments.Bound bound = arguments.bind("center", "width");
            return TextMethods.call(text(value), "center", Arguments.of(bound.or("width", Int.of(80))));
        });
        plain(all, "title", TextFilters::title);
        all.put("string", (value, arguments) -> text(value));
        all.put("safe", (value, arguments) -> new Str(Representation.str(value), true));
        all.put("escape", (value, arguments) -> escape(value));
        all.put("e", (value, arguments) -> escape(value));
        all.put("forceescape", (value, arguments) -> escape(Str.of(Representation.str(value))));
        all.put("replace", TextFilters::replace);
        all.put("indent", TextFilters::indent);
        all.put("truncate", TextFilters::truncate);
        all.put(
                "wordcount",
                (value, arguments) ->
                        Int.of(WORD.matcher(Representation.str(value)).results().count()));
        all.put("urlencode", TextFilters::urlEncode);
        all.put("pprint", PrettyPrint::filter);
        all.put("wordwrap", WordWrap::filter);
        HtmlText.addTo(all);
        all.put("format", (value, arguments) -> PercentFormat.format(text(value), formatArguments(arguments)));
    }

    /** The value as text, still markup if it was. */
    private static Str text(Value value) {
        return value instanceof Str str ? str : Str.of(Representation.str(value));
    }

    private static void plain(Map<String, Filter> all, String name, UnaryOperator<String> change) {
        all.put(name, (value, arguments) -> {
            arguments.bind(name);
            return Str.of(change.apply(Representation.str(value)));
        });
    }

    /** Jinja's own idea of a title: a capital after white space, hyphen or an opening bracket. */
    private static String title(String text) {
        StringBuilder out = new StringBuilder();
        int start = 0;
        for (int i = 0; i <= text.length(); i++) {
            boolean separator =
                    i < text.length() && ("-({[<".indexOf(text.charAt(i)) >= 0 || PythonText.isSpace(text.charAt(i)));
            if (i == text.length() || separator) {
                String word = text.substring(start, i);
                String first = PythonText.head(word, 1);
                out.append(PythonText.upper(first)).append(PythonText.lower(word.substring(first.length())));
                if (separator) {
                    out.append(text.charAt(i));
                }
                start = i + 1;
            }
        }
        return out.toString();
    }

    static Str escape(Value value) {
        if (value instanceof Str str && str.markup()) {
            return str;
        }
        return new Str(PythonText.escapeHtml(Representation.str(value)), true);
    }

    private static Value replace(Value value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("replace", "old", "new", "count");
        int count = bound.given("count") == null ? -1 : bound.integer("count", -1);
        return Str.of(PythonText.replace(
                Representation.str(value),
                Representation.str(bound.required("old")),
                Representation.str(bound.required("new")),
                count));
    }

    static String requireText(String filter, Value value) {
        if (value instanceof Undefined u) {
            throw u.failure();
        }
        if (value instanceof Str str) {
            return str.text();
        }
        throw new JinjaException(filter + " takes a string, got " + Operators.typeName(value));
    }

    private static Value indent(Value value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("indent", "width", "first", "blank");
        Value width = bound.or("width", Int.of(4));
        String indention =
                width instanceof Str s ? s.text() : PythonText.repeat(" ", Math.max(0, Numbers.toIndex(width)));
        boolean blank = bound.flag("blank");
        StringBuilder out = new StringBuilder(bound.flag("first") ? indention : "");
        List<String> lines = PythonText.lines(requireText("indent", value) + "\n", false);
        for (int i = 0; i < lines.size(); i++) {
            if (i > 0) {
                out.append('\n').append(blank || !lines.get(i).isEmpty() ? indention : "");
            }
            out.append(lines.get(i));
            Limits.checkText(out.length());
        }
        return Str.of(out.toString());
    }

    private static Value truncate(Value value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("truncate", "length", "killwords", "end", "leeway");
        int length = bound.integer("length", 255);
        String end = bound.text("end", "...");
        int leeway = bound.given("leeway") == null ? 5 : bound.integer("leeway", 5);
        int kept = length - PythonText.length(end);
        if (kept < 0 || leeway < 0) {
            throw new JinjaException("truncate to " + length + " characters has no room for '" + end + "'");
        }
        if (Operators.length(value) <= (long) length + leeway) {
            return value;
        }
        String text = requireText("truncate", value);
        String head = PythonText.head(text, kept);
        int space = head.lastIndexOf(' ');
        return Str.of((bound.flag("killwords") || space < 0 ? head : head.substring(0, space)) + end);
    }

    private static Value formatArguments(Arguments arguments) {
        if (arguments.named().isEmpty()) {
            return new Seq(arguments.positional(), Seq.Kind.TUPLE);
        }
        if (!arguments.positional().isEmpty()) {
            throw new JinjaException("can't handle positional and keyword arguments at the same time");
        }
        Map<Value, Value> named = new LinkedHashMap<>();
        arguments.named().forEach((name, value) -> named.put(Str.of(name), value));
        return new Dict(named);
    }

    private static Value urlEncode(Value value, Arguments arguments) {
        arguments.bind("urlencode");
        if (value instanceof Str || value instanceof Num || value == None.NONE) {
            return Str.of(quoted(Representation.str(value), "/"));
        }
        List<Value> pairs = value instanceof Dict dict ? dict.pairs() : Operators.toList(value);
        List<String> query = new ArrayList<>();
        for (Value pair : pairs) {
            List<Value> parts = Operators.toList(pair);
            if (parts.size() != 2) {
                throw new JinjaException("urlencode takes pairs, found " + parts.size() + " items");
            }
            query.add(parts.stream()
                    .map(part -> quoted(Representation.str(part), "").replace("%20", "+"))
                    .collect(Collectors.joining("=")));
        }
        return Str.of(TextMethods.joined("&", query));
    }

    private static String quoted(String text, String safe) {
        StringBuilder out = new StringBuilder();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xFF);
            boolean plain = c < 0x80 && (Character.isLetterOrDigit(c) || ("_.-~" + safe).indexOf(c) >= 0);
            out.append(plain ? String.valueOf(c) : "%%%02X".formatted((int) c));
        }
        return out.toString();
    }
}
