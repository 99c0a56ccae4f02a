package io.yuebing.text.jinja;

import io.yuebing.text.jinja.Value.Bool;
import io.yuebing.text.jinja.Value.Function;
import io.yuebing.text.jinja.Value.Int;
import io.yuebing.text.jinja.Value.None;
import io.yuebing.text.jinja.Value.Seq;
import io.yuebing.text.jinja.Value.Str;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The methods of Python's {@code str}. */
final class TextMethods {
    private interface Method {
        Value call(String self, Arguments arguments);
    }

    private static final Map<String, Method> METHODS = methods();
    /** The methods of markup that take their arguments as they are. */
    private static final Set<String> UNESCAPED = Set.of(
            "split",
            "rsplit",
            "splitlines",
            "partition",
            "rpartition",
            "find",
            "rfind",
            "index",
            "rindex",
            "count",
            "startswith",
            "endswith");

    private TextMethods() {}

    /** The method bound to the string, or null if strings have none of that name. */
    static @Nullable Value find(Str self, String name) {
        return METHODS.containsKey(name) ? new Function(name, arguments -> call(self, name, arguments)) : null;
    }

    /** Calls a method. On markup, what comes of it is markup, too, and the arguments are escaped to match it. */
    static Value call(Str self, String name, Arguments arguments) {
        Method method = METHODS.get(name);
        if (method == null) {
            throw new JinjaException("'str object' has no attribute '" + name + "'");
        }
        if (!self.markup()) {
            return method.call(self.text(), arguments);
        }
        boolean searches = UNESCAPED.contains(name);
        return marked(method.call(self.text(), searches ? arguments : arguments.map(TextMethods::escaped)));
    }

    private static Value escaped(Value value) {
        return switch (value) {
            case Str str when !str.markup() -> new Str(PythonText.escapeHtml(str.text()), true);
            case Seq seq ->
                new Seq(seq.items().stream().map(TextMethods::escaped).toList(), seq.kind());
            default -> value;
        };
    }

    private static Value marked(Value value) {
        return switch (value) {
            case Str str -> new Str(str.text(), true);
            case Seq seq ->
                new Seq(seq.items().stream().map(TextMethods::marked).toList(), seq.kind());
            default -> value;
        };
    }

    private static Map<String, Method> methods() {
        Map<String, Method> all = new HashMap<>();
        addCase(all);
        addStripping(all);
        addSplitting(all);
        addSearching(all);
        addPadding(all);
        addPredicates(all);
        all.put("format", (self, arguments) -> Str.of(BraceFormat.format(self, arguments)));
        all.put("format_map", (self, arguments) -> Str.of(BraceFormat.formatMap(self, arguments)));
        return all;
    }

    private static void addCase(Map<String, Method> all) {
        plain(all, "upper", PythonText::upper);
        plain(all, "lower", PythonText::lower);
        plain(all, "casefold", PythonText::foldCase);
        plain(all, "capitalize", PythonText::capitalize);
        plain(all, "title", PythonText::title);
        plain(all, "swapcase", PythonText::swapCase);
    }

    private static void plain(Map<String, Method> all, String name, UnaryOperator<String> change) {
        all.put(name, (self, arguments) -> {
            arguments.bind(name);
            return Str.of(change.apply(self));
        });
    }

    private static void addStripping(Map<String, Method> all) {
        all.put("strip", (self, arguments) -> strip("strip", self, arguments, true, true));
        all.put("lstrip", (self, arguments) -> strip("lstrip", self, arguments, true, false));
        all.put("rstrip", (self, arguments) -> strip("rstrip", self, arguments, false, true));
        all.put("removeprefix", (self, arguments) -> {
            String prefix = arguments.bind("removeprefix", "prefix").text("prefix");
            return Str.of(self.startsWith(prefix) ? self.substring(prefix.length()) : self);
        });
        all.put("removesuffix", (self, arguments) -> {
            String suffix = arguments.bind("removesuffix", "suffix").text("suffix");
            return Str.of(self.endsWith(suffix) ? self.substring(0, self.length() - suffix.length()) : self);
        });
    }

    private static Value strip(String name, String self, Arguments arguments, boolean start, boolean end) {
        Arguments.Bound bound = arguments.bind(name, "chars");
        if (bound.given("chars") != null) {
            return Str.of(PythonText.strip(self, bound.text("chars"), start, end));
        }
        String stripped = start ? PythonText.stripStart(self) : self;
        return Str.of(end ? PythonText.stripEnd(stripped) : stripped);
    }

    private static void addSplitting(Map<String, Method> all) {
        all.put("split", (self, arguments) -> split(self, arguments.bind("split", "sep", "maxsplit"), false));
        all.put("rsplit", (self, arguments) -> split(self, arguments.bind("rsplit", "sep", "maxsplit"), true));
        all.put("splitlines", (self, arguments) -> {
            boolean keepEnds = arguments.bind("splitlines", "keepends").integer("keepends", 0) != 0;
            return Value.of(PythonText.lines(self, keepEnds));
        });
        all.put("partition", (self, arguments) -> {
            String separator = arguments.bind("partition", "sep").text("sep");
            List<Value> parts = PythonText.split(self, separator, 1, false);
            return parts.size() == 2
                    ? Seq.tuple(parts.get(0), Str.of(separator), parts.get(1))
                    : Seq.tuple(Str.of(self), Str.EMPTY, Str.EMPTY);
        });
        all.put("rpartition", (self, arguments) -> {
            String separator = arguments.bind("rpartition", "sep").text("sep");
            List<Value> parts = PythonText.split(self, separator, 1, true);
            return parts.size() == 2
                    ? Seq.tuple(parts.get(0), Str.of(separator), parts.get(1))
                    : Seq.tuple(Str.EMPTY, Str.EMPTY, Str.of(self));
        });
        all.put("join", (self, arguments) -> {
            List<String> parts = new ArrayList<>();
            for (Value item :
                    Operators.toList(arguments.bind("join", "iterable").required("iterable"))) {
                if (!(item instanceof Str str)) {
                    throw new JinjaException("join takes strings, found " + Operators.typeName(item));
                }
                parts.add(str.text());
            }
            return Str.of(joined(self, parts));
        });
    }

    static String joined(String separator, List<String> parts) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < parts.size(); i++) {
            out.append(i == 0 ? "" : separator).append(parts.get(i));
            Limits.checkText(out.length());
        }
        return out.toString();
    }

    private static Value split(String self, Arguments.Bound bound, boolean fromRight) {
        int limit = bound.integer("maxsplit", -1);
        return Seq.list(
                bound.given("sep") == null
                        ? PythonText.splitAtSpace(self, limit, fromRight)
                        : PythonText.split(self, bound.text("sep"), limit, fromRight));
    }

    private static void addSearching(Map<String, Method> all) {
        all.put("startswith", (self, arguments) -> affix("startswith", self, arguments, true));
        all.put("endswith", (self, arguments) -> affix("endswith", self, arguments, false));
        all.put("replace", (self, arguments) -> {
            Arguments.Bound bound = arguments.bind("replace", "old", "new", "count");
            return Str.of(PythonText.replace(self, bound.text("old"), bound.text("new"), bound.integer("count", -1)));
        });
        all.put("count", (self, arguments) -> {
            Arguments.Bound bound = arguments.bind("count", "sub", "start", "end");
            String window = window(self, bound);
            String sub = bound.text("sub");
            long count = sub.isEmpty()
                    ? PythonText.length(window) + 1L
                    : PythonText.split(window, sub, -1, false).size() - 1L;
            return Int.of(count);
        });
        for (String name : List.of("find", "rfind", "index", "rindex")) {
            all.put(name, (self, arguments) -> find(name, self, arguments));
        }
    }

    private static Value find(String name, String self, Arguments arguments) {
        Arguments.Bound bound = arguments.bind(name, "sub", "start", "end");
        String window = window(self, bound);
        String sub = bound.text("sub");
        int at = name.startsWith("r") ? window.lastIndexOf(sub) : window.indexOf(sub);
        int start = bound.given("start") == null ? 0 : bound.integer("start", 0);
        if (at < 0 || start > PythonText.length(self)) {
            if (name.endsWith("index")) {
                throw new JinjaException("substring not found");
            }
            return Int.of(-1);
        }
        return Int.of((long) window.codePointCount(0, at) + Attributes.clamp(start, PythonText.length(self)));
    }

    /** The part of the string that {@code start} and {@code end} choose. */
    private static String window(String self, Arguments.Bound bound) {
        Value start = bound.or("start", None.NONE);
        Value end = bound.or("end", None.NONE);
        return start == None.NONE && end == None.NONE
                ? self
                : Representation.str(Operators.slice(Str.of(self), start, end, None.NONE));
    }

    private static Value affix(String name, String self, Arguments arguments, boolean atStart) {
        Arguments.Bound bound = arguments.bind(name, "affix", "start", "end");
        String window = window(self, bound);
        Value affix = bound.required("affix");
        List<Value> choices = affix instanceof Seq seq && seq.kind() != Seq.Kind.LIST ? seq.items() : List.of(affix);
        boolean found = false;
        for (Value choice : choices) {
            if (!(choice instanceof Str str)) {
                throw new JinjaException(
                        name + " takes a string or a tuple of strings, got " + Operators.typeName(choice));
            }
            found |= atStart ? window.startsWith(str.text()) : window.endsWith(str.text());
        }
        return Bool.of(found);
    }

    private static void addPadding(Map<String, Method> all) {
        padding(all, "center", 0.5);
        padding(all, "ljust", 0);
        padding(all, "rjust", 1);
        all.put("zfill", (self, arguments) -> {
            int width = Numbers.toIndex(arguments.bind("zfill", "width").required("width"));
            boolean signed = self.startsWith("-") || self.startsWith("+");
            String sign = signed ? self.substring(0, 1) : "";
            String rest = self.substring(sign.length());
            return Str.of(sign + PythonText.pad(rest, width - sign.length(), "0", 1));
        });
        all.put("expandtabs", (self, arguments) -> {
            int size = arguments.bind("expandtabs", "tabsize").integer("tabsize", 8);
            return Str.of(expandTabs(self, size));
        });
    }

    private static void padding(Map<String, Method> all, String name, double shareBefore) {
        all.put(name, (self, arguments) -> {
            Arguments.Bound bound = arguments.bind(name, "width", "fillchar");
            return Str.of(PythonText.pad(
                    self, Numbers.toIndex(bound.required("width")), bound.text("fillchar", " "), shareBefore));
        });
    }

    private static String expandTabs(String text, int size) {
        StringBuilder out = new StringBuilder();
        int column = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\t') {
                int spaces = size <= 0 ? 0 : size - column % size;
                Limits.checkText((long) out.length() + spaces);
                out.repeat(' ', spaces);
                column += spaces;
            } else {
                out.append(c);
                column = c == '\n' || c == '\r' ? 0 : Character.isLowSurrogate(c) ? column : column + 1;
            }
        }
        return out.toString();
    }

    private static void addPredicates(Map<String, Method> all) {
        every(all, "isspace", PythonText::isSpace);
        every(all, "isalpha", Character::isLetter);
        every(all, "isdecimal", Character::isDigit);
        every(all, "isdigit", c -> Character.isDigit(c) || isSuperscript(c));
        every(all, "isnumeric", TextMethods::isNumeric);
        every(all, "isalnum", c -> Character.isLetter(c) || isNumeric(c));
        all.put("islower", (self, arguments) -> Bool.of(PythonText.hasOnlyCase(self, false)));
        all.put("isupper", (self, arguments) -> Bool.of(PythonText.hasOnlyCase(self, true)));
        all.put("istitle", (self, arguments) -> Bool.of(PythonText.isTitle(self)));
        all.put("isascii", (self, arguments) -> Bool.of(self.chars().allMatch(c -> c < 128)));
        all.put("isprintable", (self, arguments) -> Bool.of(self.codePoints().allMatch(PythonText::isPrintable)));
        all.put("isidentifier", (self, arguments) -> Bool.of(isIdentifier(self)));
    }

    private static void every(Map<String, Method> all, String name, IntPredicate test) {
        all.put(
                name,
                (self, arguments) ->
                        Bool.of(!self.isEmpty() && self.codePoints().allMatch(test)));
    }

    private static boolean isSuperscript(int c) {
        return c == 0xB2
                || c == 0xB3
                || c == 0xB9
                || c == 0x2070
                || c >= 0x2074 && c <= 0x2079
                || c >= 0x2080 && c <= 0x2089;
    }

    private static boolean isNumeric(int c) {
        int type = Character.getType(c);
        // Also ideographs with a numeric value, of which Java knows none: 一 to 十 and their like.
        return type == Character.DECIMAL_DIGIT_NUMBER
                || type == Character.LETTER_NUMBER
                || type == Character.OTHER_NUMBER
                || "〇一二三四五六七八九十百千万億兆".indexOf(c) >= 0;
    }

    static boolean isIdentifier(String name) {
        return !name.isEmpty()
                && (name.charAt(0) == '_' || Character.isUnicodeIdentifierStart(name.codePointAt(0)))
                && name.codePoints()
                        .allMatch(c -> c == '_'
                                || Character.isUnicodeIdentifierPart(c) && !Character.isIdentifierIgnorable(c));
    }
}
