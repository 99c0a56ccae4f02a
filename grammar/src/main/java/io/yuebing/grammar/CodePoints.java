package io.yuebing.grammar;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** A set of Unicode characters as ascending ranges that neither touch nor overlap; never contains surrogates. */
record CodePoints(List<Range> ranges) {
    /** Characters from {@code first} to {@code last}, both included. */
    record Range(int first, int last) {}

    static final CodePoints ALL = of(0, Character.MAX_CODE_POINT);

    static CodePoints of(int... firstLast) {
        List<Range> ranges = new ArrayList<>();
        for (int i = 0; i < firstLast.length; i += 2) {
            ranges.add(new Range(firstLast[i], firstLast[i + 1]));
        }
        return normal(ranges);
    }

    static CodePoints one(int codePoint) {
        return of(codePoint, codePoint);
    }

    static CodePoints anyOf(String characters) {
        return normal(characters.codePoints().mapToObj(c -> new Range(c, c)).toList());
    }

    private static CodePoints normal(List<Range> given) {
        List<Range> sorted = new ArrayList<>();
        for (Range range : given) { // surrogates are no characters
            addIfAny(sorted, range.first(), Math.min(range.last(), Character.MIN_SURROGATE - 1));
            addIfAny(sorted, Math.max(range.first(), Character.MAX_SURROGATE + 1), range.last());
        }
        sorted.sort(Comparator.comparingInt(Range::first));
        List<Range> merged = new ArrayList<>();
        for (Range range : sorted) {
            if (!merged.isEmpty() && range.first() <= merged.getLast().last() + 1) {
                Range last = merged.removeLast();
                merged.add(new Range(last.first(), Math.max(last.last(), range.last())));
            } else {
                merged.add(range);
            }
        }
        return new CodePoints(List.copyOf(merged));
    }

    private static void addIfAny(List<Range> ranges, int first, int last) {
        if (first <= last) {
            ranges.add(new Range(first, last));
        }
    }

    boolean isEmpty() {
        return ranges.isEmpty();
    }

    boolean contains(int codePoint) {
        return ranges.stream().anyMatch(range -> range.first() <= codePoint && codePoint <= range.last());
    }

    CodePoints or(CodePoints other) {
        List<Range> all = new ArrayList<>(ranges);
        all.addAll(other.ranges);
        return normal(all);
    }

    CodePoints not() {
        List<Range> gaps = new ArrayList<>();
        int next = 0;
        for (Range range : ranges) {
            addIfAny(gaps, next, range.first() - 1);
            next = range.last() + 1;
        }
        addIfAny(gaps, next, Character.MAX_CODE_POINT);
        return normal(gaps);
    }

    CodePoints without(CodePoints other) {
        return not().or(other).not();
    }

    /** With the other case of each of its ASCII letters. */
    CodePoints inBothCases() {
        CodePoints both = this;
        for (int c = 'a'; c <= 'z'; c++) {
            int upper = Character.toUpperCase(c);
            if (contains(c) != contains(upper)) {
                both = both.or(of(c, c, upper, upper));
            }
        }
        return both;
    }
}
