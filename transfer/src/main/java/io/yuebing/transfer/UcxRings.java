package io.yuebing.transfer;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.UUID;
import org.openucx.jucx.UcxException;
import org.openucx.jucx.ucp.UcpContext;
import org.openucx.jucx.ucp.UcpMemory;
import org.openucx.jucx.ucp.UcpWorker;
import org.openucx.jucx.ucp.UcpWorkerParams;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The rings of one server that peers write to and read from through UCX.
 *
 * <p>A peer that was stopped may go on writing long after its connection ended, and UCX without RDMA does not check where.
 * So memory of rings stays allocated until the server closes and is used again by later connections, and payloads are
 * verified in a copy that no peer can reach.
 */
final class UcxRings implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(UcxRings.class);
    private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(5);

    private final UcpContext context;
    private final UcpWorker worker;
    private final ByteBuffer workerAddress;
    private final long ringBytes;
    private final Arena memory = Arena.ofShared();
    private final Thread progress;
    private final Deque<Registered> free = new ArrayDeque<>();
    private final List<Registered> all = new ArrayList<>();
    private volatile boolean closed;

    private record Registered(MemorySegment payloads, UcpMemory registration) {}

    /**
     * @param listener where the server listens
     * @throws IOException if UCX cannot be used here
     */
    UcxRings(InetAddress listener, long ringBytes) throws IOException {
        this.context = Ucx.context(listener);
        this.ringBytes = ringBytes;
        try {
            this.worker = context.newWorker(
                    new UcpWorkerParams().requestThreadSafety().requestWakeupRMA());
            this.workerAddress = worker.getAddress();
        } catch (UcxException e) {
            throw new IOException("UCX offers no way to be reached: " + e.getMessage(), e);
        }
        this.progress = Thread.ofPlatform().daemon().name("transfer-ucx").start(this::serve);
    }

    /** Answers peers: without RDMA, UCX copies on this thread. */
    private void serve() {
        try {
            while (!closed) {
                if (worker.progress() == 0) {
                    worker.waitForEvents();
                }
            }
        } catch (Exception e) {
            log.warn("UCX stopped serving transfers: {}", e.toString());
        }
    }

    OfferedRing newRing() throws IOException {
        synchronized (all) {
            if (closed) {
                throw new IOException("the server is closing");
            }
            Registered registered = free.poll();
            if (registered == null) {
                MemorySegment payloads = memory.allocate(ringBytes, 4096);
                try {
                    registered = new Registered(payloads, context.registerMemory(payloads.asByteBuffer()));
                } catch (UcxException e) {
                    throw new IOException("UCX cannot register " + ringBytes + " bytes: " + e.getMessage(), e);
                }
                all.add(registered);
            }
            return new Ring(registered);
        }
    }

    /**
     * Stops answering; to be called when no connection is left. Worker and rings stay until the process ends: UCX aborts it
     * if a worker goes while one of its endpoints, which peers have made, still has something to say.
     */
    @Override
    public void close() {
        closed = true;
        worker.signal();
        try {
            if (!progress.join(CLOSE_PATIENCE)) {
                log.warn("UCX does not stop");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private final class Ring implements OfferedRing {
        private final Registered registered;

        Ring(Registered registered) {
            this.registered = registered;
        }

        @Override
        public Frame.MemoryOffer offer() {
            UcpMemory registration = registered.registration();
            UcxRingAddress address =
                    new UcxRingAddress(registration.getAddress(), registration.getRemoteKeyBuffer(), workerAddress);
            return new Frame.MemoryOffer(address.name(), ringBytes, UUID.randomUUID());
        }

        @Override
        public MemorySegment payloads() {
            return registered.payloads();
        }

        @Override
        public void unlink() {
            // its name is known to the peer alone
        }

        @Override
        public void close() {
            synchronized (all) {
                free.add(registered);
            }
        }
    }
}
