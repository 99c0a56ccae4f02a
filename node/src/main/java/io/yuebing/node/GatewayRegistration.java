package io.yuebing.node;

import io.yuebing.api.NodeInfo;
import io.yuebing.dialect.NoTls;
import io.yuebing.dialect.NodeWire;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells the gateway once a second that this node lives. */
final class GatewayRegistration implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(GatewayRegistration.class);
    private static final Duration INTERVAL = Duration.ofSeconds(1);
    private static final Duration RETRY_WHILE_UNREGISTERED = Duration.ofMillis(200);
    private static final Duration TIMEOUT = Duration.ofSeconds(2);

    /** A gateway that is started together with this node may need so long until it listens. */
    private static final Duration GRACE = Duration.ofSeconds(5);

    private final long started = System.nanoTime();
    private final URI gateway;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .sslContext(NoTls.context())
            .connectTimeout(TIMEOUT)
            .build();
    private final Supplier<NodeInfo> self;
    private final Thread thread;
    private boolean registered;
    private boolean everRegistered;
    private String lastComplaint = "";

    private GatewayRegistration(URI gateway, Supplier<NodeInfo> self) {
        this.gateway = gateway;
        this.self = self;
        this.thread = Thread.ofVirtual().name("registration").unstarted(this::run);
    }

    /** @param self who this node is, asked before each heartbeat */
    static GatewayRegistration start(URI gateway, Supplier<NodeInfo> self) {
        GatewayRegistration registration = new GatewayRegistration(gateway, self);
        registration.thread.start();
        return registration;
    }

    private void run() {
        try {
            while (true) {
                Thread.sleep(beat() ? INTERVAL : RETRY_WHILE_UNREGISTERED);
            }
        } catch (InterruptedException e) {
            LOG.debug("registration ends");
        }
    }

    /** Reports now, whatever the rhythm; whether the gateway knows this node. */
    synchronized boolean beat() throws InterruptedException {
        HttpRequest heartbeat = HttpRequest.newBuilder(gateway.resolve(NodeWire.REGISTER))
                .timeout(TIMEOUT)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(NodeWire.bytes(self.get())))
                .build();
        try {
            HttpResponse<byte[]> answer = http.send(heartbeat, HttpResponse.BodyHandlers.ofByteArray());
            if (answer.statusCode() == 200) {
                if (!registered) {
                    LOG.info("registered with gateway {}", gateway);
                }
                registered = true;
                everRegistered = true;
                lastComplaint = "";
            } else {
                complain("answered HTTP " + answer.statusCode() + ": "
                        + new String(answer.body(), StandardCharsets.UTF_8));
            }
        } catch (IOException e) {
            registered = false;
            if (everRegistered || System.nanoTime() - started > GRACE.toNanos()) {
                complain("is not reachable (" + e.getClass().getSimpleName() + "), trying again");
            }
        }
        return registered;
    }

    private void complain(String what) {
        registered = false;
        if (!what.equals(lastComplaint)) {
            LOG.warn("gateway {} {}", gateway, what);
            lastComplaint = what;
        }
    }

    @Override
    public void close() {
        thread.interrupt();
        http.shutdownNow();
    }
}
