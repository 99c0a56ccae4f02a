package io.yuebing.node;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.NodeInfo;
import io.yuebing.api.ServiceException;
import io.yuebing.dialect.ApiExchange;
import io.yuebing.dialect.ApiRoutes;
import io.yuebing.dialect.NodeWire;
import io.yuebing.engine.KvPrefix;
import io.yuebing.text.TextFiles;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What the gateway asks of a node besides tokens: who it is, its text files, room for a KV cache. */
final class NodeRoutes {
    private final TextFiles text;
    private final int maxModelLength;
    private final ReserveDesk desk;
    private final DrainGate gate;
    private final Runnable onDrain;
    private volatile @Nullable NodeInfo info;

    /** @param onDrain what {@code POST /yuebing/v1/drain} sets off */
    NodeRoutes(TextFiles text, int maxModelLength, ReserveDesk desk, DrainGate gate, Runnable onDrain) {
        this.text = text;
        this.maxModelLength = maxModelLength;
        this.desk = desk;
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

    private void release(ApiExchange exchange) {
        NodeWire.Release which = NodeWire.read(exchange, NodeWire.Release.class);
        boolean held = desk.release(which.transferId(), which.generation());
        NodeWire.send(exchange, Map.of("released", held));
    }
}
