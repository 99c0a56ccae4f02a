package io.yuebing.cli.doctor;

import io.yuebing.api.NodeInfo;
import io.yuebing.cli.cluster.ClusterClient;
import io.yuebing.transfer.Greeting;
import io.yuebing.transfer.PeerAddress;
import io.yuebing.transfer.ScratchSegment;
import io.yuebing.transfer.TransferException;
import io.yuebing.transfer.TransferSession;
import io.yuebing.transfer.Transport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/** Looks at the servers of a cluster: all at a time, but measures the ways to them one after the other. */
final class ClusterExamination {
    private final ClusterClient client;
    private final Transport transport;
    private final boolean anonymous;
    private final Duration patience;
    private final Consumer<Finding> told;

    /**
     * @param transport how KV blocks travel
     * @param anonymous whether that shows neither a secret nor a certificate
     * @param patience with each server
     */
    ClusterExamination(
            ClusterClient client, Transport transport, boolean anonymous, Duration patience, Consumer<Finding> told) {
        this.client = client;
        this.transport = transport;
        this.anonymous = anonymous;
        this.patience = patience;
        this.told = told;
    }

    /**
     * Somebody who takes in bytes.
     *
     * @param scratch whether it said that it has memory for measurements
     */
    private record Target(String label, PeerAddress address, boolean scratch) {
        static Target of(ServerLook look, String address) {
            int colon = address.lastIndexOf(':');
            String host = address.substring(0, colon).replaceAll("^\\[|]$", "");
            return new Target(
                    look.label(), new PeerAddress(host, Integer.parseInt(address.substring(colon + 1))), true);
        }
    }

    /**
     * @param gateway names its nodes
     * @param servers nodes and gateways by their HTTP addresses
     * @param peers transfer addresses
     */
    void run(Optional<URI> gateway, List<URI> servers, List<PeerAddress> peers) throws InterruptedException {
        List<ServerLook> looks = new ArrayList<>();
        Findings nodes = new Findings("nodes");
        if (gateway.isPresent()) {
            looks.addAll(behind(gateway.get(), nodes));
        }
        looks.addAll(together(
                servers,
                uri -> directly(uri),
                (uri, failure) -> ServerLook.silent(uri.toString(), Optional.empty(), failure)));
        ClusterChecks.servers(looks, nodes);
        nodes.noted().forEach(told);
        Findings clocks = new Findings("clocks");
        ClusterChecks.clocks(looks, clocks);
        clocks.noted().forEach(told);
        Findings routes = new Findings("routes");
        ClusterChecks.routes(looks, routes);
        routes.noted().forEach(told);
        List<Target> targets = new ArrayList<>();
        looks.forEach(look -> look.transfer().ifPresent(point -> targets.add(Target.of(look, point.address()))));
        peers.forEach(peer -> targets.add(new Target(peer.toString(), peer, false)));
        for (Target target : targets) {
            measure(target);
        }
    }

    private List<ServerLook> behind(URI gateway, Findings findings) throws InterruptedException {
        List<ServerLook> looks = new ArrayList<>();
        ServerLook first = ServerLook.gateway(client, gateway);
        looks.add(first);
        if (first.failure().isPresent()) {
            return looks;
        }
        try {
            List<NodeInfo> nodes = client.nodes(gateway);
            ClusterChecks.roles(nodes, findings);
            ClusterChecks.missing(client.missing(gateway), Instant.now(), findings);
            looks.addAll(together(
                    nodes,
                    node -> ServerLook.node(client, node),
                    (node, failure) -> ServerLook.silent(node.label(), Optional.of(node), failure)));
        } catch (IOException e) {
            return List.of(ServerLook.silent(first.label(), Optional.empty(), ServerLook.Failure.of(e)));
        }
        return looks;
    }

    private ServerLook directly(URI server) throws InterruptedException {
        try {
            return ServerLook.node(client, client.info(server));
        } catch (IOException e) {
            return ServerLook.silent(server.toString(), Optional.empty(), ServerLook.Failure.of(e));
        }
    }

    @FunctionalInterface
    private interface Look<T> {
        ServerLook at(T server) throws InterruptedException;
    }

    @FunctionalInterface
    private interface Silence<T> {
        ServerLook of(T server, ServerLook.Failure failure);
    }

    private <T> List<ServerLook> together(List<T> servers, Look<T> look, Silence<T> silence)
            throws InterruptedException {
        List<ServerLook> looks = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<ServerLook>> running = servers.stream()
                    .map(server -> threads.submit(() -> look.at(server)))
                    .toList();
            long deadline = System.nanoTime() + 2 * patience.toNanos();
            for (int i = 0; i < servers.size(); i++) {
                try {
                    looks.add(running.get(i).get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS));
                } catch (TimeoutException _) {
                    running.get(i).cancel(true);
                    looks.add(silence.of(servers.get(i), ServerLook.Failure.slow()));
                } catch (ExecutionException e) {
                    looks.add(silence.of(
                            servers.get(i), ServerLook.Failure.of(new IOException(String.valueOf(e.getCause()), e))));
                }
            }
        }
        return looks;
    }

    private void measure(Target target) {
        Findings findings = new Findings("transfer");
        try (TransferSession session = connect(target)) {
            if (anonymous && !onLoopback(target.address())) {
                ClusterChecks.openToAll(target.label(), target.address(), findings);
            }
            // what else is offered holds somebody's data: it is read only
            boolean write = session.segment().equals(ScratchSegment.NAME);
            ClusterChecks.rate(
                    target.label(),
                    session.route().protocol(),
                    session.route().why(),
                    TransferRate.measure(session, write),
                    findings);
        } catch (TransferException e) {
            findings.problem(
                    "no KV block can travel from here to " + target.label() + ": " + e.getMessage(),
                    "see that " + target.address()
                            + " is a transfer port and reached from here (--transfer-host, --transfer-advertise,"
                            + " firewalls) and that both ends have the same secret or certificates");
        }
        findings.noted().forEach(told);
    }

    private static boolean onLoopback(PeerAddress address) {
        try {
            return InetAddress.getByName(address.host()).isLoopbackAddress();
        } catch (UnknownHostException _) {
            return false;
        }
    }

    private TransferSession connect(Target target) throws TransferException {
        try {
            return transport.connect(target.address(), ScratchSegment.NAME, Greeting.EMPTY);
        } catch (TransferException e) {
            if (target.scratch() || e.kind() != TransferException.Kind.HANDSHAKE_REFUSED) {
                throw e;
            }
            return transport.connect(target.address(), "", Greeting.EMPTY);
        }
    }
}
