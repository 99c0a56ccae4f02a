package io.yuebing.cli.doctor;

import io.yuebing.api.NodeInfo;
import io.yuebing.cli.cluster.ClusterClient;
import io.yuebing.cli.cluster.Exposition;
import io.yuebing.cli.cluster.ForeignServerException;
import io.yuebing.dialect.NodeWire;
import java.io.IOException;
import java.net.URI;
import java.util.Optional;

/**
 * What a gateway or a node answered.
 *
 * @param label for people, for example {@code decode node 10.0.0.3:8102}
 * @param node who it is; empty for a gateway
 * @param failure why it gave no answer that helps; the rest is empty then
 */
record ServerLook(
        String label,
        Optional<NodeInfo> node,
        Optional<ClockOffset> clock,
        Exposition metrics,
        Optional<NodeWire.TransferPoint> transfer,
        Optional<Failure> failure) {

    /** What is wrong and what to do about it, for people. */
    record Failure(String text, String advice) {
        static Failure of(IOException cause) {
            return new Failure(
                    String.valueOf(cause.getMessage()),
                    cause instanceof ForeignServerException
                            ? "something else has that port: --gateway takes the address of a gateway, --peer that of a node"
                            : "look at its process and its log; firewalls must let its HTTP port through");
        }

        static Failure slow() {
            return new Failure("it takes too long over its answers", "it may hang or be overloaded: look at its log");
        }
    }

    static ServerLook gateway(ClusterClient client, URI gateway) throws InterruptedException {
        return look(client, "gateway " + gateway.getAuthority(), gateway, Optional.empty());
    }

    static ServerLook node(ClusterClient client, NodeInfo node) throws InterruptedException {
        return look(client, node.label(), node.uri(), Optional.of(node));
    }

    private static ServerLook look(ClusterClient client, String label, URI uri, Optional<NodeInfo> node)
            throws InterruptedException {
        try {
            ClockOffset clock = ClockOffset.measure(
                    () -> NodeWire.Clock.now().unixMicros(),
                    () -> client.clock(uri).unixMicros());
            return new ServerLook(
                    label,
                    node,
                    Optional.of(clock),
                    client.metrics(uri),
                    node.isPresent() ? Optional.of(client.transferPoint(uri)) : Optional.empty(),
                    Optional.empty());
        } catch (IOException e) {
            return silent(label, node, Failure.of(e));
        }
    }

    static ServerLook silent(String label, Optional<NodeInfo> node, Failure failure) {
        return new ServerLook(label, node, Optional.empty(), Exposition.EMPTY, Optional.empty(), Optional.of(failure));
    }
}
