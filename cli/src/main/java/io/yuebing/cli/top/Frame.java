package io.yuebing.cli.top;

import io.yuebing.cli.Terminal;
import io.yuebing.cli.hub.Amounts;
import io.yuebing.cli.top.Grid.Cell;
import io.yuebing.cli.top.Grid.Column;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.DoubleFunction;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** Draws a view as lines of text; pure logic. */
final class Frame {
    private static final int BAR = 10;
    private static final double NEARLY_FULL = 0.9;
    private static final String UNKNOWN = "-";
    private static final List<Column> NODES = List.of(
            Column.left("ROLE", 3),
            Column.left("NODE", 0),
            Column.left("STATE", 1),
            Column.right("RUN", 2),
            Column.right("WAIT", 2),
            Column.right("PROMPT/S", 5),
            Column.right("TOKENS/S", 4),
            Column.left("KV CACHE", 6),
            Column.right("USED", 4),
            Column.right("PREFIX HITS", 7));
    private static final List<Column> TRANSFERS = List.of(
            Column.left("TRANSFERS", 0),
            Column.left("WAY", 6),
            Column.right("RESERVED", 4),
            Column.right("IN FLIGHT", 3),
            Column.right("TO RELEASE", 4),
            Column.right("OLDEST", 5),
            Column.right("IN GB/S", 1),
            Column.right("OUT GB/S", 1));

    private final Terminal colours;

    /** @param colours says how text is dressed; its width is not looked at */
    Frame(Terminal colours) {
        this.colours = colours;
    }

    /**
     * All lines, none longer than the width unless a single column is.
     *
     * @param gateway whom the view is of
     * @param clock time of day
     */
    List<String> lines(View view, String gateway, String clock, int width) {
        List<String> lines = new ArrayList<>(head(view, gateway, clock, width));
        lines.add("");
        lines.addAll(nodes(view).lines(width, colours::dim));
        lines.add("");
        lines.addAll(transfers(view).lines(width, colours::dim));
        lines.add("");
        lines.addAll(counted("failovers", view.failovers(), width));
        lines.addAll(counted("fallbacks", view.fallbacks(), width));
        return lines;
    }

    private List<String> head(View view, String gateway, String clock, int width) {
        List<String> lines = new ArrayList<>();
        List<String> title = new ArrayList<>(List.of(clock, gateway));
        view.model().ifPresent(title::add);
        title.add(view.nodes().size() == 1 ? "1 node" : view.nodes().size() + " nodes");
        lines.add(colours.bold("yuebing top") + cut("  " + String.join("  ", title), width - 11));
        view.failure().ifPresent(why -> lines.add(colours.red(cut(why + ", trying again", width))));
        if (view.missing() > 0) {
            lines.add(colours.red(
                    cut("missing nodes: " + view.missing() + ", ./yuebing doctor tells which and why", width)));
        }
        List<String> sums = List.of(
                "running " + sum(view, View.NodeRow::running),
                "waiting " + sum(view, View.NodeRow::waiting),
                "finished " + shown(view.finishedPerSecond(), rate -> decimal(rate) + "/s"),
                "first token " + shown(view.firstTokenSeconds(), Frame::seconds),
                "prompts " + sum(view, View.NodeRow::promptTokensPerSecond) + " tokens/s",
                "answers " + sum(view, View.NodeRow::tokensPerSecond) + " tokens/s");
        lines.addAll(wrapped(sums, width));
        return lines;
    }

    private static List<String> wrapped(List<String> phrases, int width) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (String phrase : phrases) {
            if (!line.isEmpty() && line.length() + 3 + phrase.length() > width) {
                lines.add(line.toString());
                line.setLength(0);
            }
            line.append(line.isEmpty() ? "" : "   ").append(phrase);
        }
        lines.add(line.toString());
        return lines;
    }

    @FunctionalInterface
    private interface Amount {
        OptionalDouble of(View.NodeRow row);
    }

    private static String sum(View view, Amount amount) {
        return shown(
                view.nodes().stream()
                        .map(amount::of)
                        .flatMapToDouble(OptionalDouble::stream)
                        .reduce(Double::sum),
                Frame::whole);
    }

    private Grid nodes(View view) {
        Grid grid = new Grid(NODES);
        for (View.NodeRow node : view.nodes()) {
            grid.add(List.of(
                    Cell.of(node.role()),
                    Cell.of(node.address()),
                    new Cell(node.state(), state(node)),
                    Cell.of(shown(node.running(), Frame::whole)),
                    new Cell(
                            shown(node.waiting(), Frame::whole),
                            node.waiting().orElse(0) > 0 ? colours::yellow : text -> text),
                    Cell.of(shown(node.promptTokensPerSecond(), Frame::whole)),
                    Cell.of(shown(node.tokensPerSecond(), Frame::whole)),
                    new Cell(shown(node.kvUse(), Frame::bar), use(node)),
                    new Cell(shown(node.kvUse(), Frame::percent), use(node)),
                    Cell.of(shown(node.hitRate(), Frame::percent))));
        }
        return grid;
    }

    private UnaryOperator<String> state(View.NodeRow node) {
        return switch (node.state()) {
            case "serving" -> colours::green;
            case "draining" -> colours::yellow;
            default -> colours::red;
        };
    }

    private UnaryOperator<String> use(View.NodeRow node) {
        return node.kvUse().orElse(0) > NEARLY_FULL ? colours::yellow : colours::cyan;
    }

    private Grid transfers(View view) {
        Grid grid = new Grid(TRANSFERS);
        for (View.NodeRow node : view.nodes()) {
            grid.add(List.of(
                    Cell.of(node.address()),
                    Cell.of(""),
                    Cell.of(shown(node.reservedBytes(), Frame::bytes)),
                    Cell.of(shown(node.inFlightBytes(), Frame::bytes)),
                    Cell.of(shown(node.waitingReleaseBytes(), Frame::bytes)),
                    Cell.of(shown(node.oldestLeaseSeconds(), Frame::age)),
                    Cell.of(shown(node.receivedPerSecond(), Frame::gigabytes)),
                    Cell.of(shown(node.sentPerSecond(), Frame::gigabytes))));
            for (View.PeerRow peer : node.peers()) {
                grid.add(List.of(
                        Cell.of("  " + peer.peer()),
                        Cell.of(peer.protocol()),
                        Cell.of(""),
                        Cell.of(""),
                        Cell.of(""),
                        Cell.of(""),
                        Cell.of(shown(peer.receivedPerSecond(), Frame::gigabytes)),
                        Cell.of(shown(peer.sentPerSecond(), Frame::gigabytes))));
            }
        }
        return grid;
    }

    private List<String> counted(String what, Map<String, Long> counts, int width) {
        String text = counts.entrySet().stream()
                .map(count -> count.getKey() + " " + count.getValue())
                .collect(Collectors.joining(", "));
        return List.of(
                counts.isEmpty()
                        ? colours.dim(cut("no " + what, width))
                        : colours.yellow(cut(what + ": " + text, width)));
    }

    private static String cut(String text, int width) {
        return text.length() <= width ? text : text.substring(0, Math.max(0, width - 1)) + "…";
    }

    private static String shown(OptionalDouble value, DoubleFunction<String> form) {
        return value.isEmpty() ? UNKNOWN : form.apply(value.getAsDouble());
    }

    private static String whole(double value) {
        return String.valueOf(Math.round(value));
    }

    private static String decimal(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }

    private static String seconds(double value) {
        return value < 1 ? Math.round(value * 1000) + " ms" : String.format(Locale.ROOT, "%.1f s", value);
    }

    /** 0 stands for none. */
    private static String age(double seconds) {
        return seconds == 0 ? UNKNOWN : seconds(seconds);
    }

    private static String percent(double share) {
        return Math.round(100 * share) + " %";
    }

    private static String bytes(double bytes) {
        return Amounts.bytes((long) bytes);
    }

    private static String gigabytes(double bytesPerSecond) {
        return String.format(Locale.ROOT, "%.3f", bytesPerSecond / 1e9);
    }

    private static String bar(double share) {
        int full = share > 0 ? Math.clamp(Math.round(share * BAR), 1, BAR) : 0;
        return "█".repeat(full) + "░".repeat(BAR - full);
    }
}
