package io.yuebing.e2e;

import io.yuebing.api.KvLoadFailurePolicy;
import io.yuebing.api.NodeRole;
import io.yuebing.dialect.SurfaceOptions;
import io.yuebing.gateway.FailoverPolicy;
import io.yuebing.gateway.GatewayConfig;
import io.yuebing.gateway.GatewayServer;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import io.yuebing.kv.KvTransferType;
import io.yuebing.model.Models;
import io.yuebing.node.CardSharing;
import io.yuebing.node.NodeConfig;
import io.yuebing.node.NodeServer;
import io.yuebing.transfer.TransferProtocols;
import io.yuebing.transfer.TransferSecurity;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** A gateway with nodes in this JVM, on ephemeral loopback ports. */
final class LocalCluster implements AutoCloseable {
    static final Path DEMO = Path.of("../models/demo");

    private final List<NodeServer> nodes = new ArrayList<>();
    private final GatewayServer gateway;

    /** What differs between the clusters of the tests. */
    record Settings(
            Path model,
            ComputeMode compute,
            ElementType kvType,
            int maxBatchedTokens,
            int kvBlocks,
            boolean prefixCaching,
            KvTransferType transferType) {

        Settings(
                Path model,
                ComputeMode compute,
                ElementType kvType,
                int maxBatchedTokens,
                int kvBlocks,
                boolean prefixCaching) {
            this(model, compute, kvType, maxBatchedTokens, kvBlocks, prefixCaching, KvTransferType.AUTO);
        }

        /** Exact arithmetic: comparable with reference logits. */
        static Settings exact(Path model) {
            return new Settings(model, ComputeMode.F32, ElementType.F32, 512, 2048, true);
        }

        Settings withChunks(int tokens) {
            return new Settings(model, compute, kvType, tokens, kvBlocks, prefixCaching, transferType);
        }

        Settings withoutPrefixCache() {
            return new Settings(model, compute, kvType, maxBatchedTokens, kvBlocks, false, transferType);
        }

        Settings withKvType(ElementType type) {
            return new Settings(model, compute, type, maxBatchedTokens, kvBlocks, prefixCaching, transferType);
        }

        Settings withTransferType(KvTransferType type) {
            return new Settings(model, compute, kvType, maxBatchedTokens, kvBlocks, prefixCaching, type);
        }
    }

    private LocalCluster(GatewayServer gateway) {
        this.gateway = gateway;
    }

    /** A prefill node, a decode node and a gateway. */
    static LocalCluster disaggregated(Settings settings) throws InterruptedException {
        return disaggregated(FailoverPolicy.DEFAULT, settings, settings);
    }

    /** The same, where the nodes differ. */
    static LocalCluster disaggregated(FailoverPolicy policy, Settings prefill, Settings decode)
            throws InterruptedException {
        return start(policy, List.of(new Node(NodeRole.PREFILL, prefill), new Node(NodeRole.DECODE, decode)));
    }

    /** One node of both roles and a gateway. */
    static LocalCluster aggregated(Settings settings) throws InterruptedException {
        return start(settings, NodeRole.BOTH);
    }

    static LocalCluster start(Settings settings, NodeRole... roles) throws InterruptedException {
        return start(
                FailoverPolicy.DEFAULT,
                Arrays.stream(roles).map(role -> new Node(role, settings)).toList());
    }

    private record Node(NodeRole role, Settings settings) {}

    private static LocalCluster start(FailoverPolicy policy, List<Node> wanted) throws InterruptedException {
        GatewayServer gateway = GatewayServer.start(new GatewayConfig(
                "127.0.0.1",
                0,
                List.of(),
                Optional.empty(),
                policy.withHeartbeatLimit(Duration.ofSeconds(10)),
                Duration.ofSeconds(30),
                SurfaceOptions.of("test")));
        LocalCluster cluster = new LocalCluster(gateway);
        try {
            for (Node node : wanted) {
                cluster.nodes.add(NodeServer.start(
                        config(node.settings(), node.role(), gateway.uri()), Models.ProgressListener.NONE));
            }
            cluster.awaitNodes(wanted.size());
            return cluster;
        } catch (RuntimeException | Error | InterruptedException e) {
            cluster.close();
            throw e;
        }
    }

    private static NodeConfig config(Settings settings, NodeRole role, URI gateway) {
        return new NodeConfig(
                role,
                settings.model(),
                Optional.empty(),
                Optional.empty(),
                "model-under-test",
                "127.0.0.1",
                0,
                "127.0.0.1",
                0,
                Optional.empty(),
                TransferProtocols.AUTO,
                CardSharing.NONE,
                new TransferSecurity.None(),
                false,
                settings.transferType(),
                2,
                "auto",
                settings.compute(),
                settings.kvType(),
                16,
                Optional.of(settings.kvBlocks()),
                Optional.empty(),
                Optional.empty(),
                settings.maxBatchedTokens(),
                256,
                1024,
                settings.prefixCaching(),
                "0",
                Duration.ofSeconds(60),
                Duration.ofSeconds(60),
                KvLoadFailurePolicy.FAIL,
                Optional.of(gateway),
                SurfaceOptions.of("test"));
    }

    private void awaitNodes(int count) throws InterruptedException {
        Eventually.holds(
                "the nodes register",
                Duration.ofSeconds(10),
                () -> gateway.nodes().size() == count);
    }

    /** The gateway's address. */
    URI uri() {
        return gateway.uri();
    }

    /** The addresses of the nodes in the order of their roles. */
    List<URI> nodes() {
        return nodes.stream().map(NodeServer::uri).toList();
    }

    @Override
    public void close() {
        gateway.close();
        nodes.forEach(NodeServer::close);
    }
}
