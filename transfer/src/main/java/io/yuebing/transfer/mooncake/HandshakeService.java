package io.yuebing.transfer.mooncake;

import io.yuebing.transfer.Segment;
import io.yuebing.transfer.TransferServerOptions;
import io.yuebing.transfer.mooncake.HandshakeMessage.Type;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/** The handshake daemon: one question and one answer on each connection. */
final class HandshakeService implements PeerListener.Service {
    private final List<Segment> segments;
    private final TransferServerOptions options;
    private final Supplier<SegmentDescriptor> descriptor;

    HandshakeService(List<Segment> segments, TransferServerOptions options, Supplier<SegmentDescriptor> descriptor) {
        this.segments = List.copyOf(segments);
        this.options = options;
        this.descriptor = descriptor;
    }

    @Override
    public void serve(PeerConnection connection, Iterable<PeerConnection> earlier) throws IOException {
        connection.allow(options.handshakeTimeout());
        Optional<ByteBuffer> answer = answer(connection);
        if (answer.isPresent()) {
            connection.asked();
            connection.allow(options.stallTimeout());
            connection.write(answer.get());
            connection.partAfterAnswer(options.handshakeTimeout());
        }
    }

    /** Reads the question; empty if the peer has none. Nothing of the question is kept while the peer is waited for. */
    private Optional<ByteBuffer> answer(PeerConnection connection) throws IOException {
        HandshakeInput input = new HandshakeInput();
        ByteBuffer bytes = ByteBuffer.allocate(8 << 10);
        while (connection.read(bytes.clear()) >= 0) {
            bytes.flip();
            synchronized (
                    this) { // one question at a time becomes a tree, which takes many times the memory of its text
                Optional<HandshakeMessage> question = input.take(bytes);
                if (question.isPresent()) {
                    Type type = question.get().type();
                    return Optional.of(new HandshakeMessage(type, answer(connection, question.get())).encode());
                }
            }
        }
        if (input.begun()) {
            throw new EOFException("the peer left in the middle of a handshake");
        }
        return Optional.empty();
    }

    private JsonNode answer(PeerConnection connection, HandshakeMessage question) {
        JsonNodeFactory json = JsonNodeFactory.instance;
        return switch (question.type()) {
            case CONNECTION ->
                json.objectNode().put("reply_msg", "this process offers its memory over TCP, there is no RDMA here");
            case METADATA -> descriptor.get().toJson();
            case NOTIFY -> {
                byte[] message = question.json().path("notify_msg").asString("").getBytes(StandardCharsets.UTF_8);
                segments.forEach(segment -> segment.notices().notice(connection.peerHost(), message));
                yield json.objectNode().put("name", "").put("notify_msg", "success");
            }
            case PROBE -> json.objectNode().put("status", "success");
        };
    }
}
