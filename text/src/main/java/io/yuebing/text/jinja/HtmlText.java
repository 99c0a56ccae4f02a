package io.yuebing.text.jinja;

import io.yuebing.text.jinja.Value.Dict;
import io.yuebing.text.jinja.Value.None;
import io.yuebing.text.jinja.Value.Str;
import io.yuebing.text.jinja.Value.Undefined;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The filters that read or write HTML: {@code striptags} and {@code xmlattr}. */
final class HtmlText {
    private static final Pattern REFERENCE =
            Pattern.compile("&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\\t\\n\\f <&#;]{1,32};?)");
    private static final Pattern NOT_IN_KEYS = Pattern.compile("[\\s\\x0b/>=]");
    private static final Charset WINDOWS_1252 = Charset.forName("windows-1252");

    private HtmlText() {}

    static void addTo(Map<String, Filter> all) {
        all.put("striptags", (value, arguments) -> {
            arguments.bind("striptags");
            return Str.of(unescape(spacesCollapsed(withoutTags(withoutComments(Representation.str(value))))));
        });
        all.put("xmlattr", HtmlText::attributes);
    }

    private static Value attributes(Value value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("xmlattr", "autospace");
        if (!(value instanceof Dict dict)) {
            throw new JinjaException("xmlattr takes a dict, got " + Operators.typeName(value));
        }
        List<String> items = new ArrayList<>();
        dict.entries().forEach((key, content) -> {
            if (content == None.NONE || content instanceof Undefined) {
                return;
            }
            if (!(key instanceof Str name) || NOT_IN_KEYS.matcher(name.text()).find()) {
                throw new JinjaException("Invalid character in attribute name: " + Representation.repr(key));
            }
            items.add(TextFilters.escape(name).text() + "=\""
                    + TextFilters.escape(content).text() + "\"");
        });
        boolean spaced = !items.isEmpty() && (!bound.values().containsKey("autospace") || bound.flag("autospace"));
        return Str.of((spaced ? " " : "") + TextMethods.joined(" ", items));
    }

    /** What is left of a comment's surroundings can make another comment, which goes, too. */
    private static String withoutComments(String text) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            out.append(text.charAt(i));
            if (out.length() >= 4 && out.indexOf("<!--", out.length() - 4) >= 0) {
                int end = endOfComment(text, i + 1);
                if (end < 0) {
                    return out.append(text, i + 1, text.length()).toString();
                }
                out.setLength(out.length() - 4);
                i = end - 1;
            }
        }
        return out.toString();
    }

    /** Where a comment of which {@code <!--} has been read is over; the hyphens count for its end, too. */
    private static int endOfComment(String text, int from) {
        for (String rest : List.of(">", "->")) {
            if (text.startsWith(rest, from)) {
                return from + rest.length();
            }
        }
        int end = text.indexOf("-->", from);
        return end < 0 ? -1 : end + 3;
    }

    private static String withoutTags(String text) {
        StringBuilder out = new StringBuilder();
        int from = 0;
        while (true) {
            int start = text.indexOf('<', from);
            int end = start < 0 ? -1 : text.indexOf('>', start);
            if (end < 0) {
                return out.append(text, from, text.length()).toString();
            }
            out.append(text, from, start);
            from = end + 1;
        }
    }

    private static String spacesCollapsed(String text) {
        List<String> words = PythonText.splitAtSpace(text, -1, false).stream()
                .map(Representation::str)
                .toList();
        return TextMethods.joined(" ", words);
    }

    /** Python's {@code html.unescape}, which reads references as the HTML standard tells browsers to. */
    private static String unescape(String text) {
        return REFERENCE.matcher(text).replaceAll(match -> {
            String name = match.group(1);
            return Matcher.quoteReplacement(name.startsWith("#") ? numbered(name) : named(match));
        });
    }

    private static String numbered(String reference) {
        String digits = reference.substring(1).replace(";", "");
        boolean hex = Character.toLowerCase(digits.charAt(0)) == 'x';
        BigInteger number = hex ? new BigInteger(digits.substring(1), 16) : new BigInteger(digits);
        if (number.bitLength() > 21) {
            return "\uFFFD";
        }
        int c = number.intValue();
        if (c >= 0x80 && c <= 0x9F) {
            String character = new String(new byte[] {(byte) c}, WINDOWS_1252);
            return character.equals("\uFFFD") ? Character.toString(c) : character;
        }
        if (c == 0 || c > Character.MAX_CODE_POINT || c >= 0xD800 && c <= 0xDFFF) {
            return "\uFFFD";
        }
        boolean control = c < 0x20 && c != '\t' && c != '\n' && c != '\f' && c != '\r' || c == 0x7F;
        boolean noCharacter = c >= 0xFDD0 && c <= 0xFDEF || (c & 0xFFFE) == 0xFFFE;
        return control || noCharacter ? "" : Character.toString(c);
    }

    private static String named(MatchResult match) {
        String name = match.group(1);
        Map<String, String> entities = Entities.BY_NAME;
        for (int end = name.length(); end > 1; end--) {
            String character = entities.get(name.substring(0, end));
            if (character != null) {
                return character + name.substring(end);
            }
        }
        return match.group();
    }

    /** The named characters of the HTML standard, read when first needed. */
    private static final class Entities {
        static final Map<String, String> BY_NAME = read();

        private Entities() {}

        private static Map<String, String> read() {
            Map<String, String> entities = new HashMap<>();
            try (InputStream file = Objects.requireNonNull(HtmlText.class.getResourceAsStream("html-entities.tsv"));
                    BufferedReader lines = new BufferedReader(new InputStreamReader(file, StandardCharsets.UTF_8))) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    String[] nameAndCodes = line.split("\t", -1);
                    StringBuilder characters = new StringBuilder();
                    for (String code : nameAndCodes[1].split(" ", -1)) {
                        characters.appendCodePoint(Integer.parseInt(code, 16));
                    }
                    entities.put(nameAndCodes[0], characters.toString());
                }
            } catch (IOException e) {
                throw new UncheckedIOException("html-entities.tsv of this program is damaged", e);
            }
            return entities;
        }
    }
}
