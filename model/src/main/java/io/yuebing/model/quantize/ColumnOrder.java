package io.yuebing.model.quantize;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * In which order the inputs of a matrix are quantised, the last first, and which share a scale.
 *
 * @param inputs the input at each position
 * @param groups the group of each position; a group's positions are neighbours
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record ColumnOrder(int[] inputs, int[] groups) {

    /** Inputs as they come, in groups of neighbours. */
    static ColumnOrder plain(int inputs, int groupSize) {
        return new ColumnOrder(
                IntStream.range(0, inputs).toArray(),
                IntStream.range(0, inputs).map(input -> input / groupSize).toArray());
    }

    /** The inputs with the largest activations first, when there are most others to make up for them: act-order. */
    static ColumnOrder byActivations(double[] squares, int groupSize) {
        int last = squares.length - 1;
        return new ColumnOrder(
                IntStream.rangeClosed(0, last)
                        .boxed()
                        .sorted(Comparator.comparingDouble(input -> squares[input]))
                        .mapToInt(Integer::intValue)
                        .toArray(),
                IntStream.rangeClosed(0, last)
                        .map(position -> (last - position) / groupSize)
                        .toArray());
    }

    int size() {
        return inputs.length;
    }

    /** Number of groups. */
    int groupCount() {
        return Arrays.stream(groups).max().orElse(-1) + 1;
    }

    /** The first of the neighbouring positions that share the scale of {@code position}. */
    int groupStart(int position) {
        int start = position;
        while (start > 0 && groups[start - 1] == groups[position]) {
            start--;
        }
        return start;
    }

    /** The group of each input. */
    int[] groupOfInput() {
        int[] of = new int[size()];
        for (int position = 0; position < size(); position++) {
            of[inputs[position]] = groups[position];
        }
        return of;
    }

    /** Brings the upper triangle of a symmetric matrix over the inputs into this order. */
    double[][] arrange(double[][] upper) {
        double[][] arranged = new double[upper.length][];
        for (int i = 0; i < upper.length; i++) {
            arranged[i] = new double[upper.length - i];
            for (int j = i; j < upper.length; j++) {
                int row = Math.min(inputs[i], inputs[j]);
                arranged[i][j - i] = upper[row][Math.max(inputs[i], inputs[j]) - row];
            }
        }
        return arranged;
    }
}
