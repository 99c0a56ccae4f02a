package io.yuebing.transfer.mooncake;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A Mooncake process written straight from the documented frames, with nothing of the code under test.
 *
 * <p>As a server it has two buffers of {@value #BUFFER} bytes, at {@link #FIRST} and {@link #SECOND}.
 */
final class HandMadePeer implements AutoCloseable {
    static final int BUFFER = 100_000;
    static final long FIRST = 0x7f00_0000_1000L;
    static final long SECOND = 0xffff_8000_0000_0000L;

    /** How the releases differ. */
    enum Release {
        /** Up to 0.3.9: version 1, one request a connection. */
        ONE_SHOT,
        /** 0.3.10 and 0.3.11: version 1. */
        UNACKNOWLEDGED,
        /** 0.3.12: version 2. */
        ACKNOWLEDGED,
        /** Version 2, refuses every address. */
        REFUSING,
        /** Version 2, takes requests and never answers. */
        SILENT
    }

    final byte[] first = new byte[BUFFER];
    final byte[] second = new byte[BUFFER];
    final List<String> handshakes = new CopyOnWriteArrayList<>();
    final List<Integer> opcodes = new CopyOnWriteArrayList<>();
    private final Release release;
    private final ServerSocket daemon;
    private final ServerSocket data;
    private final List<Socket> open = new CopyOnWriteArrayList<>();

    HandMadePeer(Release release) throws IOException {
        this.release = release;
        daemon = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        data = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(() -> accept(daemon, this::shakeHands));
        Thread.ofVirtual().start(() -> accept(data, this::serve));
    }

    int port() {
        return daemon.getLocalPort();
    }

    String name() {
        return "127.0.0.1:" + port();
    }

    private interface Service {
        void on(Socket socket) throws IOException;
    }

    private void accept(ServerSocket listener, Service service) {
        try {
            while (true) {
                Socket socket = listener.accept();
                open.add(socket);
                Thread.ofVirtual().start(() -> {
                    try (socket) {
                        service.on(socket);
                    } catch (IOException _) {
                        // the other side has gone
                    }
                });
            }
        } catch (IOException _) {
            // closed
        }
    }

    private void shakeHands(Socket socket) throws IOException {
        byte[] body = handshake(socket);
        handshakes.add(body[0] + new String(body, 1, body.length - 1, StandardCharsets.UTF_8));
        String answer = switch (body[0]) {
            case 1 -> descriptor();
            case 2 -> "{\"name\":\"\",\"notify_msg\":\"success\"}\n";
            default -> "{\"status\":\"success\"}\n";
        };
        socket.getOutputStream().write(frame(body[0], answer));
        socket.shutdownOutput();
        socket.getInputStream().read();
    }

    private String descriptor() {
        String version =
                release == Release.ONE_SHOT || release == Release.UNACKNOWLEDGED ? "" : ",\"tcp_proto_version\":2";
        return "{\"buffers\":[{\"addr\":%d,\"length\":%d,\"name\":\"cpu:0\"},{\"addr\":%s,\"length\":%d,\"name\":\"cpu:1\"}],\"name\":\"%s\",\"protocol\":\"tcp\",\"tcp_data_port\":%d%s,\"timestamp\":\"2026-08-22 10:00:00.000001\"}\n"
                .formatted(FIRST, BUFFER, Long.toUnsignedString(SECOND), BUFFER, name(), data.getLocalPort(), version);
    }

    private void serve(Socket socket) throws IOException {
        do {
            ByteBuffer header = ByteBuffer.wrap(exactly(socket, 24)).order(ByteOrder.LITTLE_ENDIAN);
            int size = (int) header.getLong(0);
            long address = header.getLong(8);
            int opcode = header.get(16) & 0xff;
            opcodes.add(opcode);
            boolean acknowledged = (opcode & 0x80) != 0;
            if (release == Release.SILENT) {
                socket.getInputStream().readAllBytes();
            }
            if (release == Release.REFUSING) {
                socket.getOutputStream().write(new byte[] {1, 0, 0, 0, 0x56, 0x54, 0x43, 0x4d});
                return;
            }
            byte[] memory = address - FIRST >= 0 && address - FIRST < BUFFER ? first : second;
            int at = (int) (address - (memory == first ? FIRST : SECOND));
            if ((opcode & 0x7f) == 1) {
                byte[] payload = exactly(socket, size);
                synchronized (this) {
                    System.arraycopy(payload, 0, memory, at, size);
                }
            }
            if (acknowledged) {
                socket.getOutputStream().write(new byte[] {0, 0, 0, 0, 0x56, 0x54, 0x43, 0x4d});
            }
            if ((opcode & 0x7f) == 0) {
                synchronized (this) {
                    socket.getOutputStream().write(memory, at, size);
                }
            }
        } while (release != Release.ONE_SHOT);
    }

    /** Asks a daemon one question, as a client; the answer without its type. */
    static String ask(int port, int type, String json) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write(frame(type, json));
            byte[] body = handshake(socket);
            if (body[0] != type) {
                throw new IOException("asked " + type + ", answered " + body[0]);
            }
            return new String(body, 1, body.length - 1, StandardCharsets.UTF_8);
        }
    }

    static byte[] frame(int type, String json) {
        byte[] text = json.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(9 + text.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(text.length + 1L)
                .put((byte) type)
                .put(text)
                .array();
    }

    static byte[] request(long size, long address, int opcode, byte... payload) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ByteBuffer header = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(size).putLong(address).put((byte) opcode);
        // a C++ peer sends what happens to lie in its padding
        while (header.hasRemaining()) {
            header.put((byte) 0xa5);
        }
        bytes.writeBytes(header.array());
        bytes.writeBytes(payload);
        return bytes.toByteArray();
    }

    private static byte[] handshake(Socket socket) throws IOException {
        long length = ByteBuffer.wrap(exactly(socket, 8))
                .order(ByteOrder.LITTLE_ENDIAN)
                .getLong();
        return exactly(socket, (int) length);
    }

    static byte[] exactly(Socket socket, int count) throws IOException {
        InputStream in = socket.getInputStream();
        byte[] bytes = in.readNBytes(count);
        if (bytes.length < count) {
            throw new EOFException(bytes.length + " of " + count + " bytes");
        }
        return bytes;
    }

    @Override
    public void close() throws IOException {
        daemon.close();
        data.close();
        for (Socket socket : open) {
            socket.close();
        }
    }
}
