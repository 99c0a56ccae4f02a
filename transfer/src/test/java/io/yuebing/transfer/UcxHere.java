package io.yuebing.transfer;

import java.util.Optional;
import org.junit.jupiter.api.Assumptions;

/** Skips, for everybody to see, what needs UCX where there is none. */
final class UcxHere {
    private UcxHere() {}

    @SuppressWarnings("SystemOut") // assumptions that do not hold are told nowhere else
    static void orSkip() {
        Optional<String> why = Ucx.unavailable();
        why.ifPresent(sentence -> System.err.println("SKIPPED a test of protocol ucx: " + sentence));
        Assumptions.assumeTrue(why.isEmpty(), () -> why.orElse(""));
    }
}
