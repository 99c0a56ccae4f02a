package io.yuebing.cli.top;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** Rows in columns that fit a width: the least important columns go first. */
final class Grid {
    private static final int GAP = 2;

    private final List<Column> columns;
    private final List<List<Cell>> rows = new ArrayList<>();

    /**
     * A column.
     *
     * @param rank the greater, the sooner it is left out; 0 stays
     */
    record Column(String title, boolean right, int rank) {
        static Column left(String title, int rank) {
            return new Column(title, false, rank);
        }

        static Column right(String title, int rank) {
            return new Column(title, true, rank);
        }
    }

    /**
     * What stands in a column of a row.
     *
     * @param style dresses the text without changing its width
     */
    record Cell(String text, UnaryOperator<String> style) {
        static Cell of(String text) {
            return new Cell(text, UnaryOperator.identity());
        }

        int width() {
            return text.codePointCount(0, text.length());
        }
    }

    Grid(List<Column> columns) {
        this.columns = columns;
    }

    void add(List<Cell> row) {
        rows.add(row);
    }

    /**
     * The title line with the rows.
     *
     * @param title dresses the title line
     */
    List<String> lines(int width, UnaryOperator<String> title) {
        List<Integer> shown = fitting(width);
        List<String> lines = new ArrayList<>();
        List<Cell> titles =
                columns.stream().map(column -> new Cell(column.title(), title)).toList();
        lines.add(line(shown, titles));
        rows.forEach(row -> lines.add(line(shown, row)));
        return lines;
    }

    private List<Integer> fitting(int width) {
        List<Integer> shown = new ArrayList<>();
        for (int i = 0; i < columns.size(); i++) {
            shown.add(i);
        }
        while (shown.size() > 1 && total(shown) > width) {
            int least = shown.getFirst();
            for (int column : shown) {
                if (columns.get(column).rank() >= columns.get(least).rank()) {
                    least = column;
                }
            }
            shown.remove(Integer.valueOf(least));
        }
        return shown;
    }

    private int total(List<Integer> shown) {
        return shown.stream().mapToInt(this::width).sum() + GAP * (shown.size() - 1);
    }

    private int width(int column) {
        int width = columns.get(column).title().length();
        for (List<Cell> row : rows) {
            width = Math.max(width, row.get(column).width());
        }
        return width;
    }

    private String line(List<Integer> shown, List<Cell> cells) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < shown.size(); i++) {
            int column = shown.get(i);
            Cell cell = cells.get(column);
            String space = " ".repeat(width(column) - cell.width());
            boolean last = i == shown.size() - 1;
            String styled = cell.text().isEmpty() ? "" : cell.style().apply(cell.text());
            line.append(columns.get(column).right() ? space + styled : last ? styled : styled + space);
            line.append(last ? "" : " ".repeat(GAP));
        }
        return line.toString().stripTrailing();
    }
}
