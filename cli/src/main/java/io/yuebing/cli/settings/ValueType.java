package io.yuebing.cli.settings;

import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * How the text of a setting becomes a value.
 *
 * @param label the placeholder in help texts, such as {@code N} or {@code SIZE}
 * @param expected what a valid text looks like, in words that finish the sentence "expected ..."
 * @param reader reads a text; throws {@link IllegalArgumentException} for one that is not as expected
 * @param writer the text that {@code reader} would read back
 */
public record ValueType<T>(String label, String expected, Function<String, T> reader, Function<T, String> writer) {
    private static final Pattern SIZE = Pattern.compile("(\\d+)\\s*([a-z]*)", Pattern.CASE_INSENSITIVE);
    private static final Map<String, Integer> SIZE_SHIFTS =
            Map.of("", 0, "b", 0, "k", 10, "kib", 10, "m", 20, "mib", 20, "g", 30, "gib", 30, "t", 40, "tib", 40);
    private static final List<String> SIZE_UNITS = List.of("", "KiB", "MiB", "GiB", "TiB");
    private static final int MAX_SECONDS = 86_400;

    /** Any text that is not blank. */
    public static ValueType<String> text(String label) {
        return new ValueType<>(label, "a text that is not empty", ValueType::notBlank, value -> value);
    }

    /** An integer within bounds, both included. */
    public static ValueType<Integer> integer(int least, int most) {
        String expected = most == Integer.MAX_VALUE
                ? "an integer of at least " + least
                : "an integer from " + least + " to " + most;
        return new ValueType<>(
                "N",
                expected,
                text -> {
                    int value = Integer.parseInt(text.strip());
                    require(value >= least && value <= most);
                    return value;
                },
                String::valueOf);
    }

    /** An amount of memory in bytes, such as {@code 512MiB} or {@code 2GiB}; units are powers of 1024. */
    public static ValueType<Long> bytes(long least) {
        return new ValueType<>(
                "SIZE",
                "a size such as 512MiB or 2GiB, at least " + showBytes(least),
                text -> readBytes(text, least),
                ValueType::showBytes);
    }

    /** A whole number of seconds, such as {@code 30s}. */
    public static ValueType<Duration> seconds(int least) {
        return new ValueType<>(
                "TIME",
                "a number of seconds such as 30s, from " + least + " to " + MAX_SECONDS,
                text -> {
                    String digits = text.strip().toLowerCase(Locale.ROOT);
                    int value =
                            Integer.parseInt(digits.endsWith("s") ? digits.substring(0, digits.length() - 1) : digits);
                    require(value >= least && value <= MAX_SECONDS);
                    return Duration.ofSeconds(value);
                },
                value -> value.toSeconds() + "s");
    }

    /** One of a few words. */
    public static ValueType<String> choice(String... words) {
        return choice(String.join("|", words), List.of(words));
    }

    /** One of many words, which a placeholder stands for. */
    public static ValueType<String> choice(String label, List<String> known) {
        return new ValueType<>(
                label,
                "one of " + String.join(", ", known),
                text -> {
                    String word = text.strip().toLowerCase(Locale.ROOT);
                    require(known.contains(word));
                    return word;
                },
                value -> value);
    }

    /** {@code true} or {@code false}. */
    public static ValueType<Boolean> bool() {
        return new ValueType<>(
                "true|false",
                "true or false",
                text -> switch (text.strip().toLowerCase(Locale.ROOT)) {
                    case "true" -> true;
                    case "false" -> false;
                    default -> throw new IllegalArgumentException();
                },
                String::valueOf);
    }

    /** A host with a port, such as {@code 10.0.0.7:9000}. */
    public static ValueType<String> hostAndPort() {
        return new ValueType<>(
                "HOST:PORT",
                "a host with a port such as 10.0.0.7:9000",
                text -> {
                    String address = text.strip();
                    int colon = address.lastIndexOf(':');
                    require(colon > 0);
                    int port = Integer.parseInt(address.substring(colon + 1));
                    require(port > 0 && port <= 65_535);
                    return address;
                },
                value -> value);
    }

    /** An http or https address. */
    public static ValueType<URI> url() {
        return new ValueType<>("URL", "an address such as http://127.0.0.1:8000", ValueType::readUrl, URI::toString);
    }

    /** Addresses, separated by commas. */
    public static ValueType<List<URI>> urls() {
        return new ValueType<>(
                "URL[,URL]",
                "addresses such as http://127.0.0.1:8101,http://127.0.0.1:8102",
                text -> Arrays.stream(text.split(","))
                        .filter(part -> !part.isBlank())
                        .map(ValueType::readUrl)
                        .toList(),
                value -> value.stream().map(URI::toString).collect(Collectors.joining(",")));
    }

    private static String notBlank(String text) {
        require(!text.isBlank());
        return text;
    }

    private static long readBytes(String text, long least) {
        Matcher matcher = SIZE.matcher(text.strip());
        require(matcher.matches());
        Integer shift = SIZE_SHIFTS.get(matcher.group(2).toLowerCase(Locale.ROOT));
        if (shift == null) {
            throw new IllegalArgumentException();
        }
        long count = Long.parseLong(matcher.group(1));
        require(count <= Long.MAX_VALUE >> shift && count << shift >= least);
        return count << shift;
    }

    private static String showBytes(long bytes) {
        int unit = 0;
        long count = bytes;
        while (unit < SIZE_UNITS.size() - 1 && count != 0 && count % 1024 == 0) {
            count /= 1024;
            unit++;
        }
        return count + SIZE_UNITS.get(unit);
    }

    private static URI readUrl(String text) {
        try {
            URI uri = new URI(text.strip());
            require(("http".equals(uri.getScheme()) || "https".equals(uri.getScheme())) && uri.getHost() != null);
            return uri;
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static void require(boolean condition) {
        if (!condition) {
            throw new IllegalArgumentException();
        }
    }
}
