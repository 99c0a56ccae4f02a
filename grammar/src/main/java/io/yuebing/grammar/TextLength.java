package io.yuebing.grammar;

/**
 * How many characters the texts of an expression have.
 *
 * @param most may be {@link Expr#UNBOUNDED}
 */
record TextLength(int least, int most) {
    private static final TextLength NONE = new TextLength(0, 0);

    /** Bounds for the expression; it refers to no rules. */
    static TextLength of(Expr expr) {
        return switch (expr) {
            case Expr.Text text ->
                exactly(text.text().codePointCount(0, text.text().length()));
            case Expr.Chars chars -> exactly(1);
            case Expr.Seq seq -> seq.parts().stream().map(TextLength::of).reduce(NONE, TextLength::then);
            case Expr.Alt alt ->
                alt.options().stream()
                        .map(TextLength::of)
                        .reduce(TextLength::or)
                        .orElse(NONE);
            case Expr.Repeat repeat -> of(repeat.body()).times(repeat.least(), repeat.most());
            case Expr.Ref ref -> new TextLength(0, Expr.UNBOUNDED);
            case Expr.Bytes bytes -> new TextLength(0, 1);
            case Expr.Graph graph -> new TextLength(0, Expr.UNBOUNDED);
        };
    }

    /** Whether all texts have {@code low} to {@code high} characters. */
    boolean within(int low, int high) {
        return least >= low && (high == Expr.UNBOUNDED || most != Expr.UNBOUNDED && most <= high);
    }

    private static TextLength exactly(int count) {
        return new TextLength(count, count);
    }

    private TextLength then(TextLength next) {
        return new TextLength(sum(least, next.least), bounded(next) ? sum(most, next.most) : Expr.UNBOUNDED);
    }

    private TextLength or(TextLength other) {
        return new TextLength(
                Math.min(least, other.least), bounded(other) ? Math.max(most, other.most) : Expr.UNBOUNDED);
    }

    private TextLength times(int low, int high) {
        int longest = high == 0 || most == 0
                ? 0
                : high == Expr.UNBOUNDED || most == Expr.UNBOUNDED ? Expr.UNBOUNDED : product(most, high);
        return new TextLength(product(least, low), longest);
    }

    private boolean bounded(TextLength other) {
        return most != Expr.UNBOUNDED && other.most != Expr.UNBOUNDED;
    }

    private static int sum(int a, int b) {
        return (int) Math.min(Integer.MAX_VALUE, (long) a + b);
    }

    private static int product(int a, int b) {
        return (int) Math.min(Integer.MAX_VALUE, (long) a * b);
    }
}
