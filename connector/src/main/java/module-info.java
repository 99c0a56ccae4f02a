/**
 * Moves KV blocks between an engine and the outside.
 *
 * <p>On the decode node a {@link io.yuebing.connector.KvReceiver} hands out reservations and lets verified writes into
 * their blocks; on the prefill node a {@link io.yuebing.connector.KvPusher} sends each layer's blocks there while the
 * prefill still runs. docs/TRANSFER.md tells the whole way.
 */
@org.jspecify.annotations.NullMarked
module io.yuebing.connector {
    requires transitive io.yuebing.api;
    requires transitive io.yuebing.kv;
    requires transitive io.yuebing.engine;
    requires transitive io.yuebing.transfer;
    requires tools.jackson.databind;
    requires org.slf4j;

    exports io.yuebing.connector;
}
