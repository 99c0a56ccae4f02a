/** Routes requests over prefill and decode nodes, and speaks to clients. It computes nothing and needs no kernels. */
@org.jspecify.annotations.NullMarked
module io.yuebing.gateway {
    requires static transitive org.jspecify;
    requires transitive io.yuebing.dialect;
    requires io.yuebing.text;
    requires java.net.http;
    requires org.slf4j;
    requires tools.jackson.databind;

    exports io.yuebing.gateway;
}
