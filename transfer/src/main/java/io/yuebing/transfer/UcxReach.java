package io.yuebing.transfer;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.openucx.jucx.UcxException;
import org.openucx.jucx.ucp.UcpContext;
import org.openucx.jucx.ucp.UcpEndpoint;
import org.openucx.jucx.ucp.UcpEndpointParams;
import org.openucx.jucx.ucp.UcpMemory;
import org.openucx.jucx.ucp.UcpRemoteKey;
import org.openucx.jucx.ucp.UcpRequest;
import org.openucx.jucx.ucp.UcpWorker;
import org.openucx.jucx.ucp.UcpWorkerParams;

/**
 * The way through UCX into one ring of a peer.
 *
 * <p>Payloads pass through a registered mirror of the ring, so that the network card never touches the caller's memory: it
 * may be given up as soon as a batch is cancelled.
 */
final class UcxReach implements ReachedRing {
    private static final Duration FAREWELL = Duration.ofSeconds(1);
    private static final int POLLS_BEFORE_YIELD = 64;

    private final UcxRingAddress ring;
    private final MemorySegment mirror;
    private final Arena memory = Arena.ofShared();
    private final UcpMemory registration;
    private final UcpWorker worker;
    private final UcpEndpoint endpoint;
    private final UcpRemoteKey remoteKey;
    /** Sending and receiving thread share the worker. */
    private final ReentrantLock lock = new ReentrantLock();

    private volatile @Nullable String broken;

    private UcxReach(UcpContext context, UcxRingAddress ring, long bytes) {
        this.ring = ring;
        this.mirror = memory.allocate(bytes, 4096);
        this.registration = context.registerMemory(mirror.asByteBuffer());
        this.worker = context.newWorker(new UcpWorkerParams().requestThreadSafety());
        this.endpoint = worker.newEndpoint(new UcpEndpointParams()
                .setUcpAddress(ring.worker())
                .setPeerErrorHandlingMode()
                .setErrorHandler((_, _, message) -> broken = message));
        this.remoteKey = endpoint.unpackRemoteKey(ring.remoteKey());
    }

    /**
     * @throws IOException if UCX cannot be used here, or sees no way to the peer
     */
    static UcxReach open(Frame.MemoryOffer offer, InetAddress peer) throws IOException {
        UcxRingAddress ring = UcxRingAddress.parse(offer.name());
        UcpContext context = Ucx.context(peer);
        try {
            return new UcxReach(context, ring, offer.bytes());
        } catch (UcxException e) {
            throw new IOException("UCX sees no way there: " + e.getMessage(), e);
        }
    }

    @Override
    public long payloadBytes() {
        return mirror.byteSize();
    }

    @Override
    public int put(long offset, MemorySegment from, Checksum checksum) {
        MemorySegment place = mirror.asSlice(offset, from.byteSize());
        int crc = checksum.copy(from, place, true);
        lock.lock();
        try {
            endpoint.putNonBlockingImplicit(place.address(), place.byteSize(), ring.address() + offset, remoteKey);
        } finally {
            lock.unlock();
        }
        return crc;
    }

    @Override
    public MemorySegment fetch(long offset, int length) throws IOException {
        MemorySegment place = mirror.asSlice(offset, length);
        lock.lock();
        try {
            endpoint.getNonBlockingImplicit(ring.address() + offset, remoteKey, place.address(), length);
            settle();
        } finally {
            lock.unlock();
        }
        return place;
    }

    @Override
    public void settle() throws IOException {
        lock.lock();
        try {
            UcpRequest flush = endpoint.flushNonBlocking(null);
            for (int polls = 0; !flush.isCompleted(); polls++) {
                String reason = broken;
                if (reason != null) {
                    throw new IOException("UCX lost the peer: " + reason);
                }
                poll(polls);
            }
            if (flush.getStatus() != 0) {
                throw new IOException("UCX lost the peer, status " + flush.getStatus());
            }
        } finally {
            lock.unlock();
        }
    }

    /** Waiting in the kernel would cost more than the few microseconds that a flush takes. */
    private void poll(int polls) throws IOException {
        try {
            if (worker.progress() == 0 && polls >= POLLS_BEFORE_YIELD) {
                Thread.yield();
            }
        } catch (Exception e) {
            throw new IOException("UCX failed: " + e.getMessage(), e);
        }
    }

    @Override
    public void abandon() {
        broken = "the connection was closed";
    }

    @Override
    public void close() {
        abandon();
        lock.lock();
        try {
            remoteKey.close();
            UcpRequest farewell = endpoint.closeNonBlockingForce();
            long begin = System.nanoTime();
            for (int polls = 0; !farewell.isCompleted() && System.nanoTime() - begin < FAREWELL.toNanos(); polls++) {
                poll(polls);
            }
            // UCX aborts the process if a worker goes while an endpoint still has something to say: then all of it
            // stays
            if (farewell.isCompleted()) {
                worker.close();
                registration.close();
                memory.close();
            }
        } catch (IOException | UcxException e) {
            // the peer is gone either way
            broken = e.getMessage();
        } finally {
            lock.unlock();
        }
    }
}
