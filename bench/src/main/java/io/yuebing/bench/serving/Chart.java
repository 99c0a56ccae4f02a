package io.yuebing.bench.serving;

import java.util.List;
import java.util.Locale;

/** Draws plots as SVG; colours come from the page's style. */
final class Chart {
    private static final int WIDTH = 560;
    private static final int HEIGHT = 260;
    private static final int LEFT = 64;
    private static final int BOTTOM = 40;
    private static final int TOP = 12;
    private static final int RIGHT = 16;
    private static final int TICKS = 5;

    private final StringBuilder svg = new StringBuilder();
    private final double mostX;
    private final double mostY;

    /** A point of a scatter plot. */
    record Point(double x, double y, boolean good) {}

    private Chart(String labelX, double mostX, String labelY, double mostY) {
        this.mostX = roundUp(mostX);
        this.mostY = roundUp(mostY);
        svg.append(String.format(
                Locale.ROOT, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">", WIDTH, HEIGHT, labelX));
        for (int i = 0; i <= TICKS; i++) {
            double valueX = this.mostX * i / TICKS;
            double valueY = this.mostY * i / TICKS;
            line("rule", x(0), y(valueY), x(this.mostX), y(valueY));
            text(x(valueX), HEIGHT - BOTTOM + 16, "middle", shown(valueX));
            text(LEFT - 6, y(valueY) + 4, "end", shown(valueY));
        }
        text((x(0) + x(this.mostX)) / 2, HEIGHT - 6, "middle", labelX);
        svg.append(String.format(
                Locale.ROOT,
                "<text transform=\"translate(14 %.1f) rotate(-90)\" text-anchor=\"middle\">%s</text>",
                y(this.mostY / 2),
                labelY));
    }

    /** The share of values up to each value. */
    static String cumulative(String label, Distribution values) {
        double[] sorted = values.sorted();
        Chart chart = new Chart(label, values.percentile(100), "percent", 100);
        StringBuilder path = new StringBuilder();
        int step = Math.max(1, sorted.length / 400);
        for (int i = 0; i < sorted.length; i += step) {
            chart.append(path, sorted[i], 100.0 * (i + 1) / sorted.length);
        }
        chart.append(path, sorted[sorted.length - 1], 100);
        chart.svg.append("<path class=\"curve\" d=\"").append(path).append("\"/>");
        return chart.end();
    }

    /** One mark for each point; those that are not good stand out. */
    static String scatter(String labelX, String labelY, List<Point> points) {
        double mostX = points.stream().mapToDouble(Point::x).max().orElse(1);
        double mostY = points.stream().mapToDouble(Point::y).max().orElse(1);
        Chart chart = new Chart(labelX, mostX, labelY, mostY);
        for (Point point : points) {
            chart.svg.append(String.format(
                    Locale.ROOT,
                    "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>",
                    point.good() ? "good" : "bad",
                    chart.x(point.x()),
                    chart.y(point.y())));
        }
        return chart.end();
    }

    private void append(StringBuilder path, double valueX, double valueY) {
        path.append(String.format(Locale.ROOT, "%s%.1f %.1f", path.isEmpty() ? "M" : "L", x(valueX), y(valueY)));
    }

    private void line(String style, double x1, double y1, double x2, double y2) {
        svg.append(String.format(
                Locale.ROOT,
                "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>",
                style,
                x1,
                y1,
                x2,
                y2));
    }

    private void text(double x, double y, String anchor, String content) {
        svg.append(String.format(
                Locale.ROOT, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>", x, y, anchor, content));
    }

    private String end() {
        return svg.append("</svg>").toString();
    }

    private double x(double value) {
        return LEFT + (WIDTH - LEFT - RIGHT) * value / mostX;
    }

    private double y(double value) {
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / mostY;
    }

    /** The next of 1, 2, 2.5, 5, 10 times a power of ten, so that ticks are round. */
    static double roundUp(double value) {
        if (!(value > 0)) {
            return 1;
        }
        double power = Math.pow(10, Math.floor(Math.log10(value)));
        for (double factor : new double[] {1, 2, 2.5, 5}) {
            if (value <= factor * power) {
                return factor * power;
            }
        }
        return 10 * power;
    }

    private static String shown(double value) {
        return value == Math.rint(value)
                ? String.valueOf((long) value)
                : String.format(Locale.ROOT, "%.3f", value).replaceFirst("0+$", "");
    }
}
