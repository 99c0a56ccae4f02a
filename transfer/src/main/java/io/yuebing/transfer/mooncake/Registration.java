package io.yuebing.transfer.mooncake;

import io.yuebing.transfer.PeerAddress;
import io.yuebing.transfer.TimeSource;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * Keeps a segment known to a metadata server while it is offered.
 *
 * <p>The server forgets everything when it restarts, so the entries are looked after and written again.
 */
final class Registration implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Registration.class);
    private static final Duration LOOK_AFTER = Duration.ofSeconds(5);
    private static final Duration PROBE_TIMEOUT = Duration.ofSeconds(2);

    private final MetadataClient metadata;
    private final SegmentDescriptor descriptor;
    private final PeerAddress daemon;
    private final TimeSource.Beat beat;
    private boolean missed;

    private Registration(MetadataClient metadata, SegmentDescriptor descriptor, PeerAddress daemon, TimeSource time) {
        this.metadata = metadata;
        this.descriptor = descriptor;
        this.daemon = daemon;
        this.beat = time.every(LOOK_AFTER, "mooncake-registration", this::lookAfter);
    }

    /**
     * Publishes a segment with the address of its daemon.
     *
     * @throws IOException if the server cannot be used, or another living process has the name, as a sentence
     */
    static Registration publish(URI server, SegmentDescriptor descriptor, PeerAddress daemon, TimeSource time)
            throws IOException {
        MetadataClient metadata = new MetadataClient(server);
        try {
            takeName(metadata, descriptor.name(), daemon);
            metadata.put(MetadataClient.segmentKey(descriptor.name()), descriptor.toJson());
            return new Registration(metadata, descriptor, daemon, time);
        } catch (IOException | RuntimeException e) {
            metadata.close();
            throw e;
        }
    }

    private static void takeName(MetadataClient metadata, String name, PeerAddress daemon) throws IOException {
        String key = MetadataClient.daemonKey(name);
        Optional<PeerAddress> holder = metadata.get(key).flatMap(Registration::address);
        if (holder.isPresent() && !holder.get().equals(daemon)) {
            if (new HandshakeClient(PROBE_TIMEOUT).alive(holder.get())) {
                throw new IOException("the segment name '" + name + "' belongs to the process at " + holder.get()
                        + ", which is alive; choose another --segment-name");
            }
            log.info("segment name '{}' was left behind by {}, which does not answer", name, holder.get());
        }
        if (holder.isEmpty() || !holder.get().equals(daemon)) {
            // servers refuse to replace the address of a daemon, even by the same one
            metadata.delete(key);
            metadata.put(
                    key,
                    JsonNodeFactory.instance
                            .objectNode()
                            .put("ip_or_host_name", daemon.host())
                            .put("rpc_port", daemon.port()));
        }
    }

    /** Reads the entry of a daemon; empty if there is no address in it. */
    static Optional<PeerAddress> address(JsonNode entry) {
        String host = entry.path("ip_or_host_name").asString("");
        int port = entry.path("rpc_port").asInt(0);
        return host.isBlank() || port < 1 || port > 65_535
                ? Optional.empty()
                : Optional.of(new PeerAddress(host, port));
    }

    private void lookAfter() {
        try {
            String key = MetadataClient.segmentKey(descriptor.name());
            if (metadata.get(key).isEmpty()) {
                takeName(metadata, descriptor.name(), daemon);
                metadata.put(key, descriptor.toJson());
                log.info("segment '{}' was unknown to the metadata server and is published again", descriptor.name());
            }
            missed = false;
        } catch (IOException e) {
            if (!missed) {
                log.warn("segment '{}' cannot be kept published: {}", descriptor.name(), e.getMessage());
            }
            missed = true;
        }
    }

    /** Takes the entries back. */
    @Override
    public void close() {
        beat.close();
        try {
            metadata.delete(MetadataClient.segmentKey(descriptor.name()));
            metadata.delete(MetadataClient.daemonKey(descriptor.name()));
        } catch (IOException e) {
            log.warn("segment '{}' stays on the metadata server: {}", descriptor.name(), e.getMessage());
        }
        metadata.close();
    }
}
