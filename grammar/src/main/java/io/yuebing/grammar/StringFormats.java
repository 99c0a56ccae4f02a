package io.yuebing.grammar;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The {@code format} values of JSON schemas as regular expressions; each may be narrower than its standard. */
final class StringFormats {
    private static final String DATE = "[12]\\d{3}-((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])"
            + "|(0[469]|11)-(0[1-9]|[12]\\d|30)|02-(0[1-9]|1\\d|2[0-8]))";
    private static final String TIME = "([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,6})?Z";
    private static final String BYTE = "(\\d|[1-9]\\d|1\\d\\d|2[0-4]\\d|25[0-5])";
    private static final String LABEL = "[a-z][a-z0-9]{0,20}(-[a-z0-9]{1,10})?";
    private static final String HOST = LABEL + "(\\." + LABEL + "){0,4}";
    private static final String HEX = "[0-9a-f]";

    private static final String COUNT = "\\d{1,3}";
    private static final String CLOCK = "T(" + COUNT + "H(" + COUNT + "M)?|" + COUNT + "M|" + COUNT + "S)";

    private static final Map<String, String> EXPRESSIONS = new TreeMap<>(Map.of(
            "date", DATE,
            "time", TIME,
            "date-time", DATE + "T" + TIME,
            "duration", "P(" + COUNT + "W|" + COUNT + "Y|" + COUNT + "M|" + COUNT + "D(" + CLOCK + ")?|" + CLOCK + ")",
            "uuid", HEX + "{8}(-" + HEX + "{4}){3}-" + HEX + "{12}",
            "email",
                    "[a-z0-9]([a-z0-9_+-]{0,18}[a-z0-9])?(\\.[a-z0-9]{1,12}){0,2}@" + LABEL + "(\\." + LABEL
                            + "){0,2}\\.[a-z]{2,6}",
            "ipv4", BYTE + "(\\." + BYTE + "){3}",
            "ipv6", "(" + HEX + "{1,4}:){7}" + HEX + "{1,4}",
            "hostname", HOST,
            "uri", "https?://" + HOST + "(/[A-Za-z0-9._~-]{0,64}){0,8}"));

    private StringFormats() {}

    /** The expression of a format, if there is one. */
    static Optional<String> expression(String format) {
        return Optional.ofNullable(EXPRESSIONS.get(format));
    }

    static String names() {
        return String.join(", ", EXPRESSIONS.keySet());
    }
}
