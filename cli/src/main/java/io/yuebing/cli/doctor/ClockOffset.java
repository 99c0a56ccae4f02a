package io.yuebing.cli.doctor;

import java.io.IOException;

/**
 * How far another machine's wall clock is from this one's.
 *
 * <pre>
 * here   asked ─────────────────── answered
 * there           clock shown
 * offset = shown - (asked + answered) / 2,  wrong by (answered - asked) / 2 at most
 * </pre>
 *
 * @param micros how far it is ahead; negative if it is behind
 * @param uncertaintyMicros how far this may be wrong
 */
record ClockOffset(long micros, long uncertaintyMicros) {
    private static final int TRIES = 5;

    /** Asks for what a clock shows, in microseconds since the epoch. */
    @FunctionalInterface
    interface Shown {
        long micros() throws IOException, InterruptedException;
    }

    /** Asks a few times and believes the quickest answer. */
    static ClockOffset measure(Shown here, Shown there) throws IOException, InterruptedException {
        ClockOffset best = once(here, there);
        for (int i = 1; i < TRIES; i++) {
            ClockOffset next = once(here, there);
            if (next.uncertaintyMicros < best.uncertaintyMicros) {
                best = next;
            }
        }
        return best;
    }

    private static ClockOffset once(Shown here, Shown there) throws IOException, InterruptedException {
        long asked = here.micros();
        long shown = there.micros();
        long answered = here.micros();
        return new ClockOffset(shown - (asked + answered) / 2, (answered - asked + 1) / 2);
    }

    /** The least that the clocks can be apart. */
    long atLeastMicros() {
        return Math.max(0, Math.abs(micros) - uncertaintyMicros);
    }
}
