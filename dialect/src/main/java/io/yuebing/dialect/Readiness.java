package io.yuebing.dialect;

import java.util.Optional;

/** Says whether a server can take requests now. */
@FunctionalInterface
public interface Readiness {
    /** Always ready. */
    Readiness READY = Optional::empty;

    /** What is still missing, as a sentence for the person who asks; empty = ready. */
    Optional<String> obstacle();
}
