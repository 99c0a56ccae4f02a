package io.yuebing.text.jinja;

import io.yuebing.text.jinja.Value.Dict;
import io.yuebing.text.jinja.Value.Int;
import io.yuebing.text.jinja.Value.Num;
import io.yuebing.text.jinja.Value.Str;
import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Python's {@code '{}'.format(...)}. */
final class BraceFormat {
    private static final Pattern FIELD = Pattern.compile("([^.\\[]*)((?:\\.[^.\\[]+|\\[[^\\]]+\\])*)");
    private static final Pattern STEP = Pattern.compile("\\.([^.\\[]+)|\\[([^\\]]+)\\]");
    private final String format;
    private final Arguments arguments;
    private int automatic;
    private boolean numbered;

    private BraceFormat(String format, Arguments arguments) {
        this.format = format;
        this.arguments = arguments;
    }

    static String format(String format, Arguments arguments) {
        return new BraceFormat(format, arguments).expand(format, 2);
    }

    static String formatMap(String format, Arguments arguments) {
        Value mapping = arguments.bind("format_map", "mapping").required("mapping");
        if (!(mapping instanceof Dict dict)) {
            throw new JinjaException("format_map takes a mapping, got " + Operators.typeName(mapping));
        }
        Map<String, Value> named = new LinkedHashMap<>();
        dict.entries().forEach((key, value) -> named.put(Representation.str(key), value));
        return format(format, new Arguments(List.of(), named));
    }

    private String expand(String text, int depth) {
        if (depth == 0) {
            throw new JinjaException("Max string recursion exceeded");
        }
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean doubled = i + 1 < text.length() && text.charAt(i + 1) == c;
            if (c != '{' && c != '}') {
                out.append(c);
            } else if (doubled) {
                out.append(c);
                i++;
            } else if (c == '}') {
                throw new JinjaException("Single '}' encountered in format string");
            } else {
                int end = endOfField(text, i);
                out.append(field(text.substring(i + 1, end), depth));
                i = end;
            }
            Limits.checkText(out.length());
        }
        return out.toString();
    }

    private static int endOfField(String text, int start) {
        int open = 0;
        for (int i = start; i < text.length(); i++) {
            open += text.charAt(i) == '{' ? 1 : text.charAt(i) == '}' ? -1 : 0;
            if (open == 0) {
                return i;
            }
        }
        throw new JinjaException("expected '}' before end of string");
    }

    private String field(String field, int depth) {
        int colon = field.indexOf(':');
        String head = colon < 0 ? field : field.substring(0, colon);
        int bang = head.indexOf('!');
        String conversion = bang < 0 ? "" : head.substring(bang + 1);
        Value value = lookUp(bang < 0 ? head : head.substring(0, bang));
        // After the value, because automatic numbers count from the left.
        String spec = colon < 0 ? "" : expand(field.substring(colon + 1), depth - 1);
        return switch (conversion) {
            case "" -> format(value, spec);
            case "s" -> format(Str.of(Representation.str(value)), spec);
            case "r" -> format(Str.of(Representation.repr(value)), spec);
            case "a" -> format(Str.of(Json.ascii(Representation.repr(value))), spec);
            default -> throw new JinjaException("Unknown conversion specifier '" + conversion + "'");
        };
    }

    private Value lookUp(String name) {
        Matcher matcher = FIELD.matcher(name);
        if (!matcher.matches()) {
            throw new JinjaException("invalid field '" + name + "' in format string '" + format + "'");
        }
        Value value = first(Objects.requireNonNull(matcher.group(1)));
        Matcher steps = STEP.matcher(Objects.requireNonNull(matcher.group(2)));
        while (steps.find()) {
            String attribute = steps.group(1);
            if (attribute != null) {
                value = Attributes.attribute(value, attribute);
            } else {
                String key = Objects.requireNonNull(steps.group(2));
                value = Attributes.item(value, key.matches("\\d+") ? new Int(new BigInteger(key)) : Str.of(key));
            }
        }
        return value;
    }

    private Value first(String name) {
        boolean isNumber = name.matches("\\d+");
        if (!name.isEmpty() && !isNumber) {
            Value value = arguments.named().get(name);
            if (value == null) {
                throw new JinjaException("format misses the argument '" + name + "'");
            }
            return value;
        }
        if (isNumber && automatic > 0 || !isNumber && numbered) {
            throw new JinjaException("cannot mix manual field specification and automatic field numbering");
        }
        numbered = isNumber;
        int index = isNumber ? Numbers.toIndex(new Int(new BigInteger(name))) : automatic++;
        if (index >= arguments.positional().size()) {
            throw new JinjaException("Replacement index " + index + " out of range for positional args tuple");
        }
        return arguments.positional().get(index);
    }

    private static String format(Value value, String spec) {
        if (spec.isEmpty()) {
            return Representation.str(value);
        }
        return switch (value) {
            case Str text -> FormatSpec.parse(spec).apply(text);
            case Num number -> FormatSpec.parse(spec).apply(number);
            default ->
                throw new JinjaException(
                        "unsupported format string passed to " + Operators.typeName(value) + ".__format__");
        };
    }
}
