package io.yuebing.bench.chaos;

import java.time.Duration;
import java.util.List;
import java.util.function.Function;

/**
 * One chaos run.
 *
 * @param command makes the command line of a Yuebing process from its arguments
 * @param model folder of the model, or empty for the bundled one
 * @param length how long faults are injected
 * @param seed of the faults and of the order of requests
 * @param clients how many requests run at once
 * @param prefillNodes processes of role prefill
 * @param decodeNodes processes of role decode
 * @param network where nodes live
 */
public record ChaosOptions(
        Function<List<String>, List<String>> command,
        String model,
        Duration length,
        long seed,
        int clients,
        int prefillNodes,
        int decodeNodes,
        Network network) {

    /** Where nodes live. */
    public enum Network {
        /** Network namespaces where they are permitted, the loopback interface elsewhere. */
        AUTO,
        /** Network namespaces, whose wires can be pulled, with a small disk that can run full; needs root on Linux. */
        NAMESPACES,
        /** The loopback interface. */
        LOOPBACK
    }
}
