package io.yuebing.grammar;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The terminals that Lark's library {@code common} gives to grammars, as regular expressions. */
final class LarkTerminals {
    private static final String DECIMAL = "(\\d+\\.\\d*|\\.\\d+)";
    private static final String EXPONENT = "[eE][+-]?\\d+";
    private static final String FLOAT = "(\\d+" + EXPONENT + "|" + DECIMAL + "(" + EXPONENT + ")?)";
    private static final String NUMBER = "(" + FLOAT + "|\\d+)";

    private static final Map<String, String> EXPRESSIONS = new TreeMap<>(Map.ofEntries(
            Map.entry("DIGIT", "\\d"),
            Map.entry("HEXDIGIT", "[0-9a-fA-F]"),
            Map.entry("INT", "\\d+"),
            Map.entry("SIGNED_INT", "[+-]?\\d+"),
            Map.entry("DECIMAL", DECIMAL),
            Map.entry("FLOAT", FLOAT),
            Map.entry("SIGNED_FLOAT", "[+-]?" + FLOAT),
            Map.entry("NUMBER", NUMBER),
            Map.entry("SIGNED_NUMBER", "[+-]?" + NUMBER),
            Map.entry("ESCAPED_STRING", "\"([^\"\\\\\\n]|\\\\.)*\""),
            Map.entry("LCASE_LETTER", "[a-z]"),
            Map.entry("UCASE_LETTER", "[A-Z]"),
            Map.entry("LETTER", "[a-zA-Z]"),
            Map.entry("WORD", "[a-zA-Z]+"),
            Map.entry("CNAME", "[a-zA-Z_]\\w*"),
            Map.entry("WS_INLINE", "[ \\t]+"),
            Map.entry("WS", "[ \\t\\f\\r\\n]+"),
            Map.entry("CR", "\\r"),
            Map.entry("LF", "\\n"),
            Map.entry("NEWLINE", "(\\r?\\n)+"),
            Map.entry("SH_COMMENT", "#[^\\n]*"),
            Map.entry("CPP_COMMENT", "\\/\\/[^\\n]*"),
            Map.entry("C_COMMENT", "\\/\\*([^*]|\\*+[^*\\/])*\\*+\\/"),
            Map.entry("SQL_COMMENT", "--[^\\n]*")));

    private LarkTerminals() {}

    static Optional<String> expression(String name) {
        return Optional.ofNullable(EXPRESSIONS.get(name));
    }

    static String names() {
        return String.join(", ", EXPRESSIONS.keySet());
    }
}
