/** The commands, their settings, and everything around processes, terminals and model hubs. */
@org.jspecify.annotations.NullMarked
module io.yuebing.cli {
    requires static transitive org.jspecify;
    requires io.yuebing.api;
    requires io.yuebing.dialect;
    requires io.yuebing.gateway;
    requires io.yuebing.gguf;
    requires io.yuebing.kv;
    requires io.yuebing.text;
    requires io.yuebing.transfer;
    // Only commands that compute resolve these (the launcher adds the module io.yuebing.node or io.yuebing.bench): the
    // other processes start faster without the engine, and without the JVM's notice about its incubating vector module.
    requires static io.yuebing.bench;
    requires static io.yuebing.engine;
    requires static io.yuebing.kernels;
    requires static io.yuebing.model;
    requires static io.yuebing.node;
    requires info.picocli;
    requires java.logging;
    requires java.net.http;
    requires jdk.unsupported;
    requires org.slf4j;
    requires tools.jackson.databind;
    requires tools.jackson.dataformat.yaml;

    exports io.yuebing.cli;
    exports io.yuebing.cli.chat to
            tools.jackson.databind;

    opens io.yuebing.cli to
            info.picocli;
}
