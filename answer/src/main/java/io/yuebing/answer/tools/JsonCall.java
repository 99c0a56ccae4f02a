package io.yuebing.answer.tools;

import java.util.Set;
import java.util.function.Predicate;

/**
 * Reads one call that is a JSON object: {@code {"name": "f", "arguments": {...}}}, its fields in any order.
 *
 * <p>The arguments are passed on as they come, once the name is known.
 */
final class JsonCall {
    private static final Set<String> ARGUMENTS = Set.of("arguments", "parameters");
    private static final Set<String> KEYS = Set.of("name", "arguments", "parameters", "type", "id");

    /** In characters as written: each of its 128 may be an escape. */
    private static final int LONGEST_NAME = 6 * 128;

    enum Outcome {
        /** The object goes on. */
        MORE,
        /** The object ends with this character. */
        DONE,
        /** This character cannot be part of a call. */
        REFUSED
    }

    private enum At {
        START,
        KEY_OR_END,
        KEY,
        COLON,
        VALUE,
        NAME,
        ARGUMENTS,
        OTHER,
        SCALAR,
        COMMA_OR_END
    }

    private final ToolCallSink sink;
    private final Predicate<String> acceptable;
    private final StringBuilder raw = new StringBuilder();
    private final StringBuilder word = new StringBuilder();
    private final StringBuilder heldArguments = new StringBuilder();
    private JsonExtent extent = new JsonExtent();
    private At at = At.START;
    private String name = "";
    private boolean announced;
    private boolean sawArguments;
    private boolean argumentsAreText;

    /** @param acceptable which names make the object a call */
    JsonCall(ToolCallSink sink, Predicate<String> acceptable) {
        this.sink = sink;
        this.acceptable = acceptable;
    }

    /** Whether the call has been told to the sink. */
    boolean announced() {
        return announced;
    }

    /** Whether the function's name is known. */
    boolean named() {
        return !name.isEmpty();
    }

    /** What was read so far, without a refused character. */
    String raw() {
        return raw.toString();
    }

    /** The text ended within the call: it is told as far as it came. */
    void breakOff() {
        announce();
        if (at == At.ARGUMENTS && argumentsAreText) {
            sink.arguments(heldArguments.toString());
        }
    }

    Outcome accept(char c) {
        Outcome outcome = step(c);
        if (outcome != Outcome.REFUSED) {
            raw.append(c);
        }
        return outcome;
    }

    private Outcome step(char c) {
        boolean space = Character.isWhitespace(c);
        return switch (at) {
            case START -> to(At.KEY_OR_END, c == '{');
            case KEY_OR_END -> {
                word.setLength(0);
                yield space ? Outcome.MORE : to(At.KEY, c == '"');
            }
            case KEY -> key(c);
            case COLON -> space ? Outcome.MORE : to(At.VALUE, c == ':');
            case VALUE -> space ? Outcome.MORE : value(c);
            case NAME -> name(c);
            case ARGUMENTS -> arguments(c);
            case OTHER -> {
                if (extent.accept(c)) {
                    at = At.COMMA_OR_END;
                }
                yield Outcome.MORE;
            }
            case SCALAR -> scalar(c);
            case COMMA_OR_END -> space ? Outcome.MORE : c == '}' ? end() : to(At.KEY_OR_END, c == ',');
        };
    }

    private Outcome to(At next, boolean allowed) {
        if (!allowed) {
            return Outcome.REFUSED;
        }
        at = next;
        return Outcome.MORE;
    }

    private Outcome key(char c) {
        if (c != '"') {
            word.append(c);
            return to(At.KEY, Character.isLetter(c) && word.length() <= 16);
        }
        boolean twice = word.toString().equals("name") && !name.isEmpty()
                || ARGUMENTS.contains(word.toString()) && sawArguments;
        return to(At.COLON, KEYS.contains(word.toString()) && !twice);
    }

    private Outcome value(char c) {
        String key = word.toString();
        word.setLength(0);
        extent = new JsonExtent();
        if (key.equals("name")) {
            return to(At.NAME, c == '"');
        }
        boolean bracket = c == '{' || c == '[';
        if (!bracket && c != '"') {
            word.append(c);
            return to(At.SCALAR, Character.isLetterOrDigit(c) || c == '-');
        }
        if (!ARGUMENTS.contains(key)) {
            extent.accept(c);
            return to(At.OTHER, true);
        }
        sawArguments = true;
        argumentsAreText = c == '"';
        at = At.ARGUMENTS;
        return arguments(c);
    }

    private Outcome name(char c) {
        if (c != '"') {
            word.append(c);
            return to(At.NAME, (ToolCallParser.isNameCharacter(c) || c == '\\') && word.length() <= LONGEST_NAME);
        }
        String written = JsonText.unquote('"' + word.toString() + '"');
        if (!ToolCallParser.isName(written) || !acceptable.test(written)) {
            return Outcome.REFUSED;
        }
        name = written;
        if (sawArguments) {
            announce();
            tellHeld();
        }
        return to(At.COMMA_OR_END, true);
    }

    private Outcome arguments(char c) {
        if (!name.isEmpty()) {
            announce();
        }
        boolean ends = extent.accept(c);
        if (announced && !argumentsAreText) {
            sink.arguments(String.valueOf(c));
        } else {
            heldArguments.append(c);
        }
        if (ends) {
            at = At.COMMA_OR_END;
            if (announced && argumentsAreText) {
                tellHeld();
            }
        }
        return Outcome.MORE;
    }

    /** A number, true, false or null: not arguments of any call, so it counts as none. */
    private Outcome scalar(char c) {
        if (c == ',' || c == '}' || Character.isWhitespace(c)) {
            at = At.COMMA_OR_END;
            return step(c);
        }
        word.append(c);
        return to(At.SCALAR, word.length() <= 64 && (Character.isLetterOrDigit(c) || "+-.".indexOf(c) >= 0));
    }

    private Outcome end() {
        if (name.isEmpty()) {
            return Outcome.REFUSED;
        }
        announce();
        if (!sawArguments) {
            sink.arguments("{}");
        }
        return Outcome.DONE;
    }

    private void announce() {
        if (!announced) {
            announced = true;
            sink.call(name, "");
        }
    }

    private void tellHeld() {
        String held = heldArguments.toString();
        heldArguments.setLength(0);
        String json = argumentsAreText ? JsonText.unquote(held) : held;
        sink.arguments(json.isBlank() ? "{}" : json);
    }
}
