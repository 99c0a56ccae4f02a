package io.yuebing.cli.cluster;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The metrics of one server, read from Prometheus' text format.
 *
 * <p>Names are asked for with underscores where the server writes colons.
 */
public final class Exposition {
    /** Those of a server that gave none. */
    public static final Exposition EMPTY = new Exposition(List.of());

    private static final Pattern LINE =
            Pattern.compile("([a-zA-Z_:][\\w:]*)(?:\\{(.*)})?\\s+([-+\\w.]+)(?:\\s+-?\\d+)?");
    private static final Pattern LABEL = Pattern.compile("([a-zA-Z_]\\w*)=\"((?:[^\"\\\\]|\\\\.)*)\"");

    private final List<Sample> samples;

    /** One value. */
    public record Sample(String name, Map<String, String> labels, double value) {
        /** The value of a label; empty text without it. */
        public String label(String label) {
            return labels.getOrDefault(label, "");
        }
    }

    private Exposition(List<Sample> samples) {
        this.samples = samples;
    }

    /** Reads what is understood and leaves out the rest. */
    public static Exposition parse(String text) {
        List<Sample> samples = new ArrayList<>();
        text.lines().filter(line -> !line.startsWith("#")).forEach(line -> {
            Matcher parts = LINE.matcher(line.strip());
            if (parts.matches()) {
                try {
                    samples.add(new Sample(
                            parts.group(1).replace(':', '_'),
                            labels(parts.group(2) == null ? "" : parts.group(2)),
                            number(parts.group(3))));
                } catch (NumberFormatException _) {
                    // no sample of ours looks like this
                }
            }
        });
        return new Exposition(samples);
    }

    private static Map<String, String> labels(String text) {
        Map<String, String> labels = new LinkedHashMap<>();
        Matcher label = LABEL.matcher(text);
        while (label.find()) {
            labels.put(
                    label.group(1),
                    label.group(2).replace("\\\"", "\"").replace("\\n", "\n").replace("\\\\", "\\"));
        }
        return labels;
    }

    private static double number(String text) {
        return switch (text) {
            case "+Inf" -> Double.POSITIVE_INFINITY;
            case "-Inf" -> Double.NEGATIVE_INFINITY;
            default -> Double.parseDouble(text);
        };
    }

    /** All values of a metric. */
    public Stream<Sample> all(String name) {
        return samples.stream().filter(sample -> sample.name().equals(name));
    }

    /** The sum over all labels; empty if the server has no such metric. */
    public OptionalDouble sum(String name) {
        return all(name).mapToDouble(Sample::value).reduce(Double::sum);
    }
}
