package io.yuebing.node;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.NodeInfo;
import io.yuebing.api.ServiceException;
import io.yuebing.connector.KvReceiver;
import io.yuebing.dialect.ApiExchange;
import io.yuebing.dialect.ApiRoutes;
import io.yuebing.dialect.NodeWire;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What the gateway asks of a node besides tokens: who it is, its text files, room for a KV cache. */
final class NodeRoutes {
    private static final List<String> TEXT_FILES = List.of(
            "config.json",
            "generation_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "chat_template.jinja");

    private final Path model;
    private final int maxModelLength;
    private final KvReceiver receiver;
    private volatile @Nullable NodeInfo info;

    NodeRoutes(Path model, int maxModelLength, KvReceiver receiver) {
        this.model = model;
        this.maxModelLength = maxModelLength;
        this.receiver = receiver;
    }

    /** Tells who this node is, once its port is known. */
    void identify(NodeInfo node) {
        info = node;
    }

    void addTo(ApiRoutes routes) {
        routes.get(NodeWire.INFO, this::info)
                .get(NodeWire.TEXT_FILES, this::textFiles)
                .post(NodeWire.RESERVE, this::reserve)
                .post(NodeWire.RELEASE, this::release);
    }

    private void info(ApiExchange exchange) {
        NodeInfo known = info;
        if (known == null) {
            throw new ServiceException(ErrorCode.UNAVAILABLE, "the node is starting");
        }
        NodeWire.send(exchange, known);
    }

    private void textFiles(ApiExchange exchange) throws IOException {
        Map<String, byte[]> files = new TreeMap<>();
        for (String name : TEXT_FILES) {
            Path file = model.resolve(name);
            if (Files.isRegularFile(file)) {
                files.put(name, Files.readAllBytes(file));
            }
        }
        NodeWire.send(exchange, files);
    }

    private void reserve(ApiExchange exchange) throws InterruptedException {
        NodeWire.Reserve wish = NodeWire.read(exchange, NodeWire.Reserve.class);
        if (wish.promptTokens() < 1 || wish.promptTokens() > maxModelLength) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST,
                    "promptTokens must be in [1, " + maxModelLength + "], got " + wish.promptTokens(),
                    "promptTokens");
        }
        NodeWire.send(exchange, receiver.reserve(wish.promptTokens()));
    }

    private void release(ApiExchange exchange) {
        NodeWire.Release which = NodeWire.read(exchange, NodeWire.Release.class);
        boolean held = receiver.release(which.transferId(), which.generation());
        NodeWire.send(exchange, Map.of("released", held));
    }
}
