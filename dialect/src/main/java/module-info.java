/** The OpenAI HTTP surface over any generator, and the token-level wire between gateway and nodes. */
@org.jspecify.annotations.NullMarked
module io.yuebing.dialect {
    requires static transitive org.jspecify;
    requires transitive io.yuebing.answer;
    requires transitive io.yuebing.api;
    requires transitive io.yuebing.text;
    requires io.yuebing.grammar;
    requires transitive tools.jackson.databind;
    requires transitive java.net.http;
    requires io.helidon.webserver;
    requires io.helidon.webserver.http2;
    requires io.helidon.http.http2;
    requires io.helidon.common.buffers;
    requires io.helidon.common.socket;
    requires io.helidon.common.task;
    requires io.helidon.http;
    requires transitive io.prometheus.metrics.model;
    requires io.prometheus.metrics.config;
    requires io.prometheus.metrics.core;
    requires io.prometheus.writer.text;
    requires org.slf4j;

    exports io.yuebing.dialect;
}
