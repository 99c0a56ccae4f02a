package io.yuebing.gateway;

import io.yuebing.dialect.SurfaceOptions;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How a gateway runs.
 *
 * @param host address to listen on
 * @param port port to listen on; 0 = any free one
 * @param nodes nodes that do not register themselves; the gateway asks each of them once a second
 * @param model directory with tokenizer and template; empty = taken from the first node
 * @param failover what happens when nodes fail
 * @param reserveTimeout how long a request may wait for room on a decode node before it is refused
 * @param surface limits and habits of the HTTP surface
 */
public record GatewayConfig(
        String host,
        int port,
        List<URI> nodes,
        Optional<Path> model,
        FailoverPolicy failover,
        Duration reserveTimeout,
        SurfaceOptions surface) {
    public static final Duration DEFAULT_RESERVE_TIMEOUT = Duration.ofSeconds(30);

    public GatewayConfig {
        nodes = List.copyOf(nodes);
    }
}
