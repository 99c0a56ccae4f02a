package io.yuebing.bench.chaos;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/** A stretch of network in front of a port that can be cut, stalled, throttled, and can damage bytes. */
final class FaultyLink implements AutoCloseable {
    /** Handshakes are over by then; a bit that flips in one is met by a new connection, not by a count. */
    private static final long FIRST_DAMAGED_BYTE = 4096;

    private static final int CONNECT_MILLIS = 10_000;

    private final ServerSocket listener;
    private final InetSocketAddress target;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean flipNext = new AtomicBoolean();
    private final AtomicInteger flipped = new AtomicInteger();
    private volatile long stalledUntilNanos = System.nanoTime();
    private volatile int bytesPerSecond = Integer.MAX_VALUE;

    /**
     * @param host this process's address to listen on
     * @param target where what arrives goes on to
     */
    FaultyLink(String host, InetSocketAddress target) {
        this.target = target;
        try {
            this.listener = new ServerSocket(0, 256, InetAddress.getByName(host));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.ofVirtual().name("link-" + target.getPort()).start(this::accept);
    }

    /** Where it listens. */
    String address() {
        return listener.getInetAddress().getHostAddress() + ":" + listener.getLocalPort();
    }

    /** Resets every connection. */
    void cut() {
        for (Socket socket : sockets) {
            reset(socket);
        }
    }

    /** Nothing passes for so long; connections stay. */
    void stall(long millis) {
        stalledUntilNanos = System.nanoTime() + millis * 1_000_000;
    }

    void throttle(int mostBytesPerSecond) {
        bytesPerSecond = mostBytesPerSecond;
    }

    /** Ends stalls and throttling. */
    void heal() {
        stalledUntilNanos = System.nanoTime();
        bytesPerSecond = Integer.MAX_VALUE;
        flipNext.set(false);
    }

    /** Flips a bit in the next bytes to the port. */
    void flip() {
        flipNext.set(true);
    }

    /** Bits flipped so far. */
    int flipped() {
        return flipped.get();
    }

    private void accept() {
        try {
            while (true) {
                Socket near = listener.accept();
                Thread.ofVirtual().start(() -> join(near));
            }
        } catch (IOException closed) {
            cut();
        }
    }

    private void join(Socket near) {
        sockets.add(near);
        Socket far = new Socket();
        sockets.add(far);
        try {
            far.connect(target, CONNECT_MILLIS);
            near.setTcpNoDelay(true);
            far.setTcpNoDelay(true);
            Thread.ofVirtual().start(() -> pump(near, far, true));
            Thread.ofVirtual().start(() -> pump(far, near, false));
        } catch (IOException nobodyListens) {
            reset(near);
            close(far);
        }
    }

    private void pump(Socket from, Socket to, boolean toTarget) {
        byte[] bytes = new byte[1 << 14];
        long passed = 0;
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int length = in.read(bytes); length >= 0; length = in.read(bytes)) {
                delay(length);
                if (toTarget && passed >= FIRST_DAMAGED_BYTE && flipNext.compareAndSet(true, false)) {
                    bytes[length / 2] ^= 0x10;
                    flipped.incrementAndGet();
                }
                out.write(bytes, 0, length);
                passed += length;
            }
            to.shutdownOutput();
        } catch (IOException | InterruptedException e) {
            reset(from);
            reset(to);
        } finally {
            if (from.isClosed() || to.isOutputShutdown() && from.isOutputShutdown()) {
                close(from);
                close(to);
            }
        }
    }

    private void delay(int length) throws InterruptedException {
        for (long left = stalledUntilNanos - System.nanoTime();
                left > 0;
                left = stalledUntilNanos - System.nanoTime()) {
            Thread.sleep(Math.min(20, left / 1_000_000 + 1));
        }
        if (bytesPerSecond < Integer.MAX_VALUE) {
            Thread.sleep(1000L * length / bytesPerSecond);
        }
    }

    private void reset(Socket socket) {
        try {
            socket.setSoLinger(true, 0);
        } catch (IOException alreadyClosed) {
            // closed below all the same
        }
        close(socket);
    }

    private void close(Socket socket) {
        sockets.remove(socket);
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        cut();
    }
}
