package io.yuebing.bench.fuzz;

import java.util.List;

/**
 * What became of damaged files.
 *
 * @param rows for each format
 * @param findings files that were not handled well
 */
public record FuzzReport(List<Row> rows, List<Finding> findings) {
    public FuzzReport {
        rows = List.copyOf(rows);
        findings = List.copyOf(findings);
    }

    /**
     * What became of the files of one format.
     *
     * @param loaded files that could still be read
     * @param refused files that were refused with a sentence
     * @param failed files that were not handled well
     * @param mostAllocated most bytes that an attempt allocated on the heap
     */
    public record Row(FuzzFormat format, long loaded, long refused, long failed, long mostAllocated) {}

    /**
     * A file that was not handled well.
     *
     * @param what is wrong with how it was handled
     * @param place where the files were kept
     */
    public record Finding(FuzzFormat format, long attempt, String what, String place) {}
}
