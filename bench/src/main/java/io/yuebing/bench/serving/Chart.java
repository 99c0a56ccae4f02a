package io.yuebing.bench.serving;

import java.math.BigDecimal;
import java.math.MathContext;
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
    private static final int MOST_TICKS = 6;
    private static final double[] ROUND_STEPS = {1, 2, 5, 10};
    private static final int[] PERCENTILES = {50, 95, 99};
    private static final int CROSS = 3;

    private final StringBuilder svg = new StringBuilder();
    private final Axis horizontal;
    private final Axis vertical;

    /** A point of a scatter plot. */
    record Point(double x, double y, boolean good) {}

    /**
     * The numbers along one side, from 0 on.
     *
     * @param step between neighbouring ticks
     * @param ticks how many beside 0
     */
    record Axis(double step, int ticks) {
        /** The shortest with round numbers that reaches a value. */
        static Axis to(double most) {
            double reached = most > 0 ? most : 1;
            double power = Math.pow(10, Math.floor(Math.log10(reached)) - 1);
            while (true) {
                for (double factor : ROUND_STEPS) {
                    double ticks = Math.ceil(reached / (factor * power));
                    if (ticks <= MOST_TICKS) {
                        return new Axis(factor * power, (int) ticks);
                    }
                }
                power *= 10;
            }
        }

        double end() {
            return step * ticks;
        }

        String shown(int tick) {
            return BigDecimal.valueOf(step * tick)
                    .round(new MathContext(6))
                    .stripTrailingZeros()
                    .toPlainString();
        }
    }

    private Chart(String title, String labelX, double mostX, String labelY, double mostY) {
        horizontal = Axis.to(mostX);
        vertical = Axis.to(mostY);
        svg.append(String.format(
                Locale.ROOT, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">", WIDTH, HEIGHT, title));
        for (int i = 0; i <= horizontal.ticks(); i++) {
            text(x(horizontal.step() * i), HEIGHT - BOTTOM + 16, "middle", horizontal.shown(i));
        }
        for (int i = 0; i <= vertical.ticks(); i++) {
            double y = y(vertical.step() * i);
            line("rule", LEFT, y, WIDTH - RIGHT, y);
            text(LEFT - 6, y + 4, "end", vertical.shown(i));
        }
        text(x(horizontal.end() / 2), HEIGHT - 6, "middle", labelX);
        svg.append(String.format(
                Locale.ROOT,
                "<text transform=\"translate(14 %.1f) rotate(-90)\" text-anchor=\"middle\">%s</text>",
                y(vertical.end() / 2),
                labelY));
    }

    /** The share of values up to each value, with marks at the percentiles of the table. */
    static String cumulative(String title, String labelX, String labelY, Distribution values) {
        double[] sorted = values.sorted();
        Chart chart = new Chart(title, labelX, values.percentile(100), labelY, 100);
        StringBuilder path = new StringBuilder();
        int step = Math.max(1, sorted.length / 400);
        for (int i = 0; i < sorted.length; i += step) {
            chart.append(path, sorted[i], 100.0 * (i + 1) / sorted.length);
        }
        chart.append(path, sorted[sorted.length - 1], 100);
        chart.svg.append("<path class=\"curve\" d=\"").append(path).append("\"/>");
        for (int percent : PERCENTILES) {
            double value = values.percentile(percent);
            chart.circle(value, percent);
            double below = percent == PERCENTILES[PERCENTILES.length - 1] ? 14 : 6; // or p99 would lie on p95
            chart.text(chart.x(value) + 6, chart.y(percent) + below, "start", "p" + percent);
        }
        return chart.end();
    }

    /**
     * One mark for each point; those that are not good are crosses.
     *
     * @param level of y that is good at most, drawn where it is within the points
     */
    static String scatter(String title, String labelX, String labelY, double level, List<Point> points) {
        double mostX = points.stream().mapToDouble(Point::x).max().orElse(1);
        double mostY = points.stream().mapToDouble(Point::y).max().orElse(1);
        Chart chart = new Chart(title, labelX, mostX, labelY, mostY);
        if (level <= chart.vertical.end()) {
            chart.line("level", LEFT, chart.y(level), WIDTH - RIGHT, chart.y(level));
        }
        for (Point point : points) {
            if (point.good()) {
                chart.circle(point.x(), point.y());
            } else {
                chart.cross(point.x(), point.y());
            }
        }
        return chart.end();
    }

    private void circle(double valueX, double valueY) {
        svg.append(String.format(
                Locale.ROOT, "<circle class=\"good\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>", x(valueX), y(valueY)));
    }

    private void cross(double valueX, double valueY) {
        svg.append(String.format(
                Locale.ROOT,
                "<path class=\"bad\" d=\"M%.1f %.1fl%3$d %3$dm0 -%3$dl-%3$d %3$d\"/>",
                x(valueX) - CROSS,
                y(valueY) - CROSS,
                2 * CROSS));
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
        return LEFT + (WIDTH - LEFT - RIGHT) * value / horizontal.end();
    }

    private double y(double value) {
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / vertical.end();
    }
}
