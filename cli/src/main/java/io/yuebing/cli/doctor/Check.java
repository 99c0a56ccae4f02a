package io.yuebing.cli.doctor;

import java.io.IOException;

/**
 * Looks at one thing.
 *
 * @param topic one or two words for the report
 * @param look what is done
 */
record Check(String topic, Look look) {
    /** Notes what it finds; an exception becomes a finding, too. */
    @FunctionalInterface
    interface Look {
        void at(Machine machine, Findings findings) throws IOException, InterruptedException;
    }
}
