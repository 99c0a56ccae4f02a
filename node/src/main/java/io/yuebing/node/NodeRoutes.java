package io.yuebing.node;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.KvPull;
import io.yuebing.api.NodeInfo;
import io.yuebing.api.ServiceException;
import io.yuebing.dialect.ApiExchange;
import io.yuebing.dialect.ApiRoutes;
import io.yuebing.dialect.DrainGate;
import io.yuebing.dialect.NodeWire;
import io.yuebing.dialect.WireFormat;
import io.yuebing.engine.KvPrefix;
import io.yuebing.text.TextFiles;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What gateways and other nodes ask of a node besides tokens: who it is, its text files, room for a KV cache, where one is. */
final class NodeRoutes {
    /** How long a question for a prompt that is not there yet waits before it has to be asked again. */
    static final Duration LONGEST_WAIT = Duration.ofSeconds(5);

    /** The answer to such a question: no content. */
    static final int NOT_YET = 204;

    private final String engineId;
    private final TextFiles text;
    private final int maxModelLength;
    private final ReserveDesk desk;
    private final KeepDesk keeper;
    private final DrainGate gate;
    private final Runnable onDrain;
    private volatile @Nullable NodeInfo info;

    /** @param onDrain what {@code POST /yuebing/v1/drain} sets off */
    NodeRoutes(
            String engineId,
            TextFiles text,
            int maxModelLength,
            ReserveDesk desk,
            KeepDesk keeper,
            DrainGate gate,
            Runnable onDrain) {
        this.engineId = engineId;
        this.text = text;
        this.maxModelLength = maxModelLength;
        this.desk = desk;
        this.keeper = keeper;
        this.gate = gate;
        this.onDrain = onDrain;
    }

    /** Tells who this node is, once its port is known. */
    void identify(NodeInfo node) {
        info = node;
    }

    /** Who this node is, and in which state; empty while it starts. */
    Optional<NodeInfo> self() {
        return Optional.ofNullable(info).map(node -> node.withState(gate.state()));
    }

    void addTo(ApiRoutes routes) {
        routes.get(NodeWire.INFO, this::info)
                .get(NodeWire.TEXT_FILES, this::textFiles)
                .post(NodeWire.RESERVE, this::reserve)
                .post(NodeWire.CANCEL_RESERVE, this::cancelReserve)
                .post(NodeWire.RELEASE, this::release)
                .get(NodeWire.KEPT, this::kept)
                .get(NodeWire.BOOTSTRAP, this::bootstrap)
                .post(NodeWire.DRAIN, this::drain)
                .get(NodeWire.CLOCK, exchange -> NodeWire.send(exchange, NodeWire.Clock.now()))
                .get(NodeWire.TRANSFER, this::transfer);
    }

    private void info(ApiExchange exchange) {
        NodeWire.send(
                exchange,
                self().orElseThrow(() -> new ServiceException(ErrorCode.UNAVAILABLE, "the node is starting")));
    }

    private void drain(ApiExchange exchange) {
        onDrain.run();
        info(exchange);
    }

    private void transfer(ApiExchange exchange) {
        NodeWire.send(exchange, new NodeWire.TransferPoint(desk.address()));
    }

    private void textFiles(ApiExchange exchange) {
        NodeWire.send(exchange, text.all());
    }

    private void reserve(ApiExchange exchange) throws InterruptedException {
        NodeWire.Reserve wish = NodeWire.read(exchange, NodeWire.Reserve.class);
        int count = wish.tokens().length;
        if (count < 1 || count > maxModelLength) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST,
                    "the number of tokens must be in [1, " + maxModelLength + "], got " + count,
                    "tokens");
        }
        gate.requireOpen();
        NodeWire.send(exchange, desk.reserve(wish.requestId(), new KvPrefix(wish.tokens(), wish.cacheSalt())));
    }

    private void cancelReserve(ApiExchange exchange) {
        NodeWire.CancelReserve which = NodeWire.read(exchange, NodeWire.CancelReserve.class);
        NodeWire.send(exchange, Map.of("released", desk.cancel(which.requestId())));
    }

    private void kept(ApiExchange exchange) throws InterruptedException {
        String name = exchange.query("name")
                .orElseThrow(() -> new ServiceException(
                        ErrorCode.INVALID_REQUEST, "name is missing: the transfer_id of a prompt", "name"));
        Optional<KvPull> kept = keeper.await(name, LONGEST_WAIT);
        if (kept.isPresent()) {
            exchange.send(200, WireFormat.kvPull(kept.get()));
        } else {
            exchange.sendEmpty(NOT_YET);
        }
    }

    /** One engine without parallel shards: rank 0 of everything. */
    private void bootstrap(ApiExchange exchange) {
        NodeWire.send(
                exchange,
                Map.of(
                        "0",
                        Map.of(
                                "engine_id",
                                engineId,
                                "worker_addr",
                                Map.of("0", Map.of("0", "tcp://" + keeper.reachedAt())))));
    }

    private void release(ApiExchange exchange) {
        NodeWire.Release which = NodeWire.read(exchange, NodeWire.Release.class);
        boolean held = desk.release(which.transferId(), which.generation());
        NodeWire.send(exchange, Map.of("released", held));
    }
}
