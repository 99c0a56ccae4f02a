package io.yuebing.cli;

import io.yuebing.api.KvLoadFailurePolicy;
import io.yuebing.cli.process.Addresses;
import io.yuebing.cli.settings.Configuration;
import io.yuebing.cli.settings.Settings;
import io.yuebing.dialect.SurfaceOptions;
import io.yuebing.gateway.FailoverPolicy;
import io.yuebing.gateway.GatewayConfig;
import io.yuebing.gateway.GatewayServer;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;

/** Turns settings into a running gateway. */
final class GatewayStart {
    private GatewayStart() {}

    /** How the HTTP surface of a gateway or a node answers. */
    static SurfaceOptions surface(Configuration configuration) {
        return SurfaceOptions.of(YuebingCommand.Version.number())
                .withParsers(
                        configuration.get(Settings.TOOL_CALL_PARSER), configuration.get(Settings.REASONING_PARSER));
    }

    static RunningServer start(Configuration configuration, Optional<Path> model) {
        GatewayServer gateway = GatewayServer.start(new GatewayConfig(
                configuration.get(Settings.HOST),
                configuration.get(Settings.PORT),
                configuration.get(Settings.NODES),
                model,
                new FailoverPolicy(
                        configuration.get(Settings.HEARTBEAT_LIMIT),
                        configuration.get(Settings.FAILOVER_PATIENCE),
                        configuration.get(Settings.MAX_NODE_DEATHS),
                        KvLoadFailurePolicy.parse(
                                configuration.get(Settings.KV_LOAD_FAILURE), Settings.KV_LOAD_FAILURE.name())),
                GatewayConfig.DEFAULT_RESERVE_TIMEOUT,
                surface(configuration)));
        return new RunningServer() {
            @Override
            public URI uri() {
                return gateway.uri();
            }

            @Override
            public void drain() throws InterruptedException {
                gateway.drain(configuration.get(Settings.DRAIN_TIMEOUT));
            }

            @Override
            public void close() {
                gateway.close();
            }
        };
    }

    /** The gateway that is to be talked to: the one that is named, or the one that would run with these settings. */
    static URI running(Configuration configuration) {
        return configuration
                .find(Settings.GATEWAY_URL)
                .orElseGet(() -> URI.create(Addresses.url(
                        Addresses.reachable(configuration.get(Settings.HOST)), configuration.get(Settings.PORT))));
    }
}
