/**
 * Measures: the machine's limits, the engine on a loaded model, any OpenAI server under load.
 *
 * <p>Benchmarks of single kernels are JMH classes among this module's tests; {@code ./yuebing bench jmh} runs them.
 */
@org.jspecify.annotations.NullMarked
module io.yuebing.bench {
    requires static transitive org.jspecify;
    requires transitive io.yuebing.kernels;
    requires transitive io.yuebing.kv;
    requires io.yuebing.api;
    requires io.yuebing.engine;
    requires io.yuebing.gguf;
    requires io.yuebing.grammar;
    requires io.yuebing.model;
    requires io.yuebing.text;
    requires jdk.management;
    requires java.net.http;
    requires io.yuebing.transfer;
    requires jdk.incubator.vector;
    requires tools.jackson.databind;

    exports io.yuebing.bench;
    exports io.yuebing.bench.chaos;
    exports io.yuebing.bench.engine;
    exports io.yuebing.bench.fuzz;
    exports io.yuebing.bench.make;
    exports io.yuebing.bench.serving;
}
