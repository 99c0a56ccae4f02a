package io.yuebing.transfer.mooncake;

import io.yuebing.transfer.PeerAddress;
import io.yuebing.transfer.mooncake.HandshakeMessage.Type;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/** Asks handshake daemons; every exchange is a connection of its own. */
final class HandshakeClient {
    private final Duration timeout;

    /**
     * @param timeout for one exchange, connection included
     */
    HandshakeClient(Duration timeout) {
        this.timeout = timeout;
    }

    /** Gives the own descriptor away and brings the peer's. */
    JsonNode descriptor(PeerAddress daemon, SegmentDescriptor own) throws IOException {
        return exchange(daemon, new HandshakeMessage(Type.METADATA, own.toJson()));
    }

    /** Hands a message to the owner of a segment. */
    void notify(PeerAddress daemon, String from, String message) throws IOException {
        JsonNode answer = exchange(
                daemon,
                new HandshakeMessage(
                        Type.NOTIFY,
                        JsonNodeFactory.instance.objectNode().put("name", from).put("notify_msg", message)));
        if (answer.path("notify_msg").asString("").isEmpty()) {
            throw new IOException(daemon + " did not take a notice");
        }
    }

    /** Whether a daemon of this protocol answers. */
    boolean alive(PeerAddress daemon) {
        try {
            exchange(daemon, new HandshakeMessage(Type.PROBE, JsonNodeFactory.instance.objectNode()));
            return true;
        } catch (IOException _) {
            return false;
        }
    }

    private JsonNode exchange(PeerAddress daemon, HandshakeMessage question) throws IOException {
        long end = System.nanoTime() + timeout.toNanos();
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(daemon.host(), daemon.port()), millisUntil(end));
            ByteBuffer bytes = question.encode();
            socket.getOutputStream().write(bytes.array(), 0, bytes.limit());
            HandshakeInput input = new HandshakeInput();
            byte[] piece = new byte[8 << 10];
            while (true) {
                socket.setSoTimeout(millisUntil(end));
                int count = socket.getInputStream().read(piece);
                if (count < 0) {
                    throw new EOFException("it ended the connection without an answer; it may be no handshake daemon,"
                            + " or one that does not answer this question");
                }
                Optional<HandshakeMessage> answer = input.take(ByteBuffer.wrap(piece, 0, count));
                if (answer.isPresent()) {
                    return answerTo(question, answer.get());
                }
            }
        }
    }

    private static JsonNode answerTo(HandshakeMessage question, HandshakeMessage answer) throws IOException {
        if (answer.type() != question.type()) {
            throw new IOException("it answered " + question.type() + " with " + answer.type());
        }
        return answer.json();
    }

    private int millisUntil(long end) throws SocketTimeoutException {
        long millis = Duration.ofNanos(end - System.nanoTime()).toMillis();
        if (millis < 1) {
            throw new SocketTimeoutException("it did not answer within " + timeout.toMillis() + " ms");
        }
        return (int) millis;
    }
}
