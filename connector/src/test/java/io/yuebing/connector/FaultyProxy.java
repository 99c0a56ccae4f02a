package io.yuebing.connector;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** A connection between two nodes that does what a fault says to the bytes going to the decode node. */
final class FaultyProxy implements AutoCloseable {

    /** What happens to the bytes on their way. */
    interface Fault {
        /**
         * May change {@code bytes[0..length)}.
         *
         * @param connection 0 for the first connection, 1 for the next, ...
         * @param offset of the first byte in this connection
         * @return how many of them go on; fewer than {@code length} cuts the connection after them
         */
        int pass(int connection, long offset, byte[] bytes, int length);
    }

    private final ServerSocket listener;
    private final int target;
    private final Fault fault;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final AtomicInteger connections = new AtomicInteger();

    FaultyProxy(int target, Fault fault) throws IOException {
        this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        this.target = target;
        this.fault = fault;
        Thread.ofVirtual().start(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    int connections() {
        return connections.get();
    }

    private void accept() {
        try {
            while (true) {
                Socket near = listener.accept();
                Socket far = new Socket(InetAddress.getLoopbackAddress(), target);
                sockets.add(near);
                sockets.add(far);
                int connection = connections.getAndIncrement();
                Thread.ofVirtual().start(() -> pump(near, far, connection, fault));
                Thread.ofVirtual().start(() -> pump(far, near, connection, (_, _, _, length) -> length));
            }
        } catch (IOException _) {
            // closed
        }
    }

    private static void pump(Socket from, Socket to, int connection, Fault fault) {
        byte[] bytes = new byte[1 << 12];
        long offset = 0;
        try (from;
                to) {
            while (true) {
                int length = from.getInputStream().read(bytes);
                if (length < 0) {
                    return;
                }
                int passed = fault.pass(connection, offset, bytes, length);
                to.getOutputStream().write(bytes, 0, passed);
                if (passed < length) {
                    return;
                }
                offset += length;
            }
        } catch (IOException _) {
            // one side has closed; closing the other tells it
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
