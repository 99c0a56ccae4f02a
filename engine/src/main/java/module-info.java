/** Scheduler, batches, sampler, one loop. */
@org.jspecify.annotations.NullMarked
module io.yuebing.engine {
    requires transitive io.yuebing.api;
    requires transitive io.yuebing.grammar;
    requires transitive io.yuebing.model;
    requires io.yuebing.kernels;
    requires transitive io.yuebing.kv;
    requires jdk.management;
    requires org.slf4j;

    exports io.yuebing.engine;
}
