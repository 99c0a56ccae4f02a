package io.yuebing.gateway;

import io.yuebing.api.NodeInfo;
import io.yuebing.dialect.ApiRoutes;
import io.yuebing.dialect.DrainGate;
import io.yuebing.dialect.HttpListener;
import io.yuebing.dialect.OpenAiSurface;
import io.yuebing.dialect.RemoteGenerator;
import io.yuebing.dialect.SurfaceMetrics;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A gateway: the public HTTP surface over prefill and decode nodes. */
public final class GatewayServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(GatewayServer.class);
    private static final Duration SHORTEST_LEASE = Duration.ofMillis(2500);

    private final HttpListener listener;
    private final URI uri;
    private final DrainGate gate;
    private final SurfaceMetrics metrics;
    private final NodeRegistry registry;
    private final NodeProber prober;
    private final TextFiles text;
    private final HttpClient http;

    private GatewayServer(
            HttpListener listener,
            URI uri,
            DrainGate gate,
            SurfaceMetrics metrics,
            NodeRegistry registry,
            NodeProber prober,
            TextFiles text,
            HttpClient http) {
        this.listener = listener;
        this.uri = uri;
        this.gate = gate;
        this.metrics = metrics;
        this.registry = registry;
        this.prober = prober;
        this.text = text;
        this.http = http;
    }

    /**
     * Starts to listen; nodes may come later.
     *
     * @throws io.yuebing.api.UserError if the port is taken
     */
    public static GatewayServer start(GatewayConfig config) {
        HttpClient http = RemoteGenerator.newClient();
        NodeRegistry registry = new NodeRegistry(InstantSource.system(), lease(config.failover()));
        HttpNodeClient nodes = new HttpNodeClient(
                http, config.reserveTimeout(), config.failover().heartbeatLimit());
        TextFiles text = new TextFiles(registry, nodes, config.model());
        SurfaceMetrics metrics = new SurfaceMetrics();
        RouterCounters counters = GatewayMetrics.register(metrics, registry);
        DrainGate gate = new DrainGate(new Router(registry, nodes, config.failover(), counters), "this gateway");
        ApiRoutes routes = new ApiRoutes(metrics);
        new OpenAiSurface(text::served, gate, gate.and(() -> notReady(registry.serving())), metrics, config.surface())
                .addTo(routes);
        new GatewayRoutes(registry, nodes).addTo(routes);
        HttpListener listener = HttpListener.start(config.host(), config.port(), routes);
        URI uri = URI.create("http://" + config.host() + ":" + listener.port());
        NodeProber prober = NodeProber.start(nodes, registry, config.nodes());
        LOG.info("gateway listens on {}", uri);
        return new GatewayServer(listener, uri, gate, metrics, registry, prober, text, http);
    }

    /** Nodes report once a second; one late report is no reason to do without a node. */
    private static Duration lease(FailoverPolicy failover) {
        Duration limit = failover.heartbeatLimit();
        return limit.compareTo(SHORTEST_LEASE) < 0 ? SHORTEST_LEASE : limit;
    }

    /** Why requests cannot be served as meant; empty when they can. */
    private static Optional<String> notReady(List<NodeInfo> live) {
        if (RoundRobin.complete(live)) {
            return Optional.empty();
        }
        boolean prefill = live.stream().anyMatch(node -> node.role().prefills());
        boolean decode = live.stream().anyMatch(node -> node.role().decodes());
        return Optional.of("waiting for "
                + (prefill ? "a decode node" : decode ? "a prefill node" : "a prefill node and a decode node"));
    }

    public URI uri() {
        return uri;
    }

    /** The nodes that live now. */
    public List<NodeInfo> nodes() {
        return registry.live();
    }

    /**
     * Takes no new requests and returns when clients have the whole answers of those that run. Streams that have not
     * ended in time end with an error.
     *
     * @param longest how long running requests may take to finish
     */
    public void drain(Duration longest) throws InterruptedException {
        gate.drain("gateway on " + uri, longest, () -> metrics.generationsInFlight() > 0);
    }

    @Override
    public void close() {
        LOG.info("gateway on {} stops", uri);
        prober.close();
        listener.close();
        text.close();
        http.shutdownNow();
    }
}
