/**
 * KV caches as declared data: layouts, conversions between them, block pool, block tables, prefix hashes.
 *
 * <p>Pure logic: no threads, clocks or sockets. A {@link io.yuebing.kv.KvLayout} says where every element of a cache
 * lies; nobody guesses it from a shape. A {@link io.yuebing.kv.KvConversion} carries blocks from one layout to another.
 */
@org.jspecify.annotations.NullMarked
module io.yuebing.kv {
    requires transitive io.yuebing.api;
    requires io.yuebing.kernels;
    requires static transitive org.jspecify;
    requires transitive tools.jackson.databind;

    exports io.yuebing.kv;
}
