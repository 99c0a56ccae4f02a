/** A server around one engine: role prefill, decode or both. */
@org.jspecify.annotations.NullMarked
module io.yuebing.node {
    requires static transitive org.jspecify;
    requires transitive io.yuebing.dialect;
    requires transitive io.yuebing.kernels;
    requires transitive io.yuebing.kv;
    requires transitive io.yuebing.model;
    requires transitive io.yuebing.transfer;
    requires io.yuebing.connector;
    requires io.yuebing.engine;
    requires io.yuebing.grammar;
    requires io.yuebing.text;
    requires java.net.http;
    requires org.slf4j;
    requires tools.jackson.databind;

    exports io.yuebing.node;
}
