/**
 * Measures: the machine's limits, the engine on a loaded model, any OpenAI server under load.
 *
 * <p>Benchmarks of single kernels are JMH classes among this module's tests; {@code ./yuebing bench jmh} runs them.
 */
@org.jspecify.annotations.NullMarked
module io.yuebing.bench {
    requires static transitive org.jspecify;
    requires jdk.incubator.vector;

    exports io.yuebing.bench;
}
