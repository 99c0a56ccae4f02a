package io.yuebing.model;

import io.yuebing.api.UserError;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * Tokens of a text, cut into sequences of equal length: most to calibrate with, some kept aside to measure with.
 *
 * @param sequences to calibrate with
 * @param heldOut to measure with; none of them overlaps those
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record CalibrationTokens(List<int[]> sequences, List<int[]> heldOut) {
    /** One of so many sequences is kept aside. */
    private static final int HELD_OUT_SHARE = 10;

    private static final int MOST_HELD_OUT = 16;
    private static final int LEAST_LENGTH = 8;

    public CalibrationTokens {
        sequences = List.copyOf(sequences);
        heldOut = List.copyOf(heldOut);
    }

    /**
     * Cuts a text.
     *
     * @param origin for errors: where the text comes from
     * @param text its tokens
     * @param beginning tokens that every sequence begins with, such as a beginning-of-sequence token
     * @param length tokens of a sequence
     * @param samples most sequences to calibrate with; they are spread over the text
     * @throws UserError if the text has not enough tokens for two sequences
     */
    public static CalibrationTokens cut(String origin, int[] text, int[] beginning, int length, int samples) {
        if (length < LEAST_LENGTH || samples < 1) {
            throw new UserError("calibration needs at least 1 sequence of at least " + LEAST_LENGTH + " tokens, got "
                    + samples + " of " + length);
        }
        int own = length - beginning.length;
        int whole = text.length / own;
        if (whole < 2) {
            throw new UserError(origin + " has " + text.length + " tokens, expected at least " + 2 * own
                    + " for two sequences, one to calibrate with and one to measure with; give a longer text or a"
                    + " smaller --sequence-length");
        }
        int aside = Math.min(MOST_HELD_OUT, Math.ceilDiv(whole, HELD_OUT_SHARE));
        List<int[]> heldOut = new ArrayList<>();
        for (int i = whole - aside; i < whole; i++) {
            heldOut.add(sequence(text, beginning, i * own, own));
        }
        List<int[]> sequences = new ArrayList<>();
        int usable = whole - aside;
        int taken = Math.min(samples, usable);
        for (int i = 0; i < taken; i++) {
            sequences.add(sequence(text, beginning, (int) ((long) i * usable / taken) * own, own));
        }
        return new CalibrationTokens(sequences, heldOut);
    }

    private static int[] sequence(int[] text, int[] beginning, int from, int count) {
        int[] tokens = new int[beginning.length + count];
        System.arraycopy(beginning, 0, tokens, 0, beginning.length);
        System.arraycopy(text, from, tokens, beginning.length, count);
        return tokens;
    }

    /** @throws UserError if a model cannot compute them */
    void requireFit(ModelConfig model) {
        if (longest() > model.maxPositions()) {
            throw new UserError("sequences of " + longest() + " tokens are longer than the model's "
                    + model.maxPositions() + "; give a smaller --sequence-length");
        }
        Stream.concat(sequences.stream(), heldOut.stream())
                .flatMapToInt(Arrays::stream)
                .filter(id -> id < 0 || id >= model.vocabSize())
                .findFirst()
                .ifPresent(id -> {
                    throw new UserError("the calibration text has token " + id + ", the model knows "
                            + model.vocabSize() + "; its tokenizer must belong to another model");
                });
    }

    /** Tokens of the longest sequence. */
    public int longest() {
        int longest = 0;
        for (int[] sequence : sequences) {
            longest = Math.max(longest, sequence.length);
        }
        for (int[] sequence : heldOut) {
            longest = Math.max(longest, sequence.length);
        }
        return longest;
    }
}
