/**
 * KV caches as declared data: layouts, block pool, block tables, prefix hashes.
 *
 * <p>Pure logic: no threads, clocks or sockets. A {@link io.yuebing.kv.KvLayout} says where every element of a cache
 * lies; nobody guesses it from a shape.
 */
@org.jspecify.annotations.NullMarked
module io.yuebing.kv {
    requires transitive io.yuebing.api;

    exports io.yuebing.kv;
}
