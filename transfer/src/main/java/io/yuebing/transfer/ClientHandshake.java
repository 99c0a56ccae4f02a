package io.yuebing.transfer;

import io.yuebing.transfer.TransferException.Kind;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.channels.FileChannel.MapMode;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The calling side of a handshake: who the peer is, whether both fit, which way the payloads take. */
final class ClientHandshake {
    private static final Logger log = LoggerFactory.getLogger(ClientHandshake.class);

    private final Wire wire;
    private final FrameInput input;
    private final PeerAddress peer;

    ClientHandshake(Wire wire, FrameInput input, PeerAddress peer) {
        this.wire = wire;
        this.input = input;
        this.peer = peer;
    }

    /**
     * What both sides agreed on.
     *
     * @param ring belongs to the caller
     * @param memory of the owner, with the segment in it, readable in place; belongs to the caller
     */
    record Agreed(
            Frame.Welcome welcome,
            @Nullable ReachedRing ring,
            @Nullable SharedFile memory,
            Optional<TransferFallback> fallback) {}

    /**
     * @param memory of this side that the owner may read in place
     * @throws TransferException of kind {@code HANDSHAKE_REFUSED}
     * @throws IOException if the connection broke
     */
    Agreed shake(
            String segment,
            Greeting greeting,
            TransferSecurity security,
            Frame.RingWish wish,
            Checksum checksum,
            Optional<SharedMemory> memory)
            throws IOException {
        Frame.MemoryOffer own = wish == Frame.RingWish.NEVER || wish.throughUcx()
                ? null
                : memory.map(SharedMemory::offer).orElse(null);
        Frame.Hello hello = new Frame.Hello(segment, HandshakeProof.nonce(), wish, checksum, own, greeting.hello());
        wire.write(FrameCodec.encode(hello));
        Frame answer = input.next();
        boolean proven = false;
        if (answer instanceof Frame.Challenge challenge) {
            wire.write(FrameCodec.encode(answer(hello, challenge, security)));
            proven = true;
            answer = input.next();
        }
        Frame.Welcome welcome = switch (answer) {
            case Frame.Welcome accepted -> accepted;
            case Frame.Refuse refused -> throw refused(peer + " refused: " + refused.sentence());
            case Frame other -> throw new ProtocolException("expected WELCOME, found a frame of type " + other.type());
        };
        if (!proven && security instanceof TransferSecurity.SharedSecret) {
            throw refused(peer + " did not prove that it knows the transfer secret; give it the same one");
        }
        Optional<String> refusal = greeting.refuse(welcome.hello());
        if (refusal.isPresent()) {
            throw refused(refusal.get());
        }
        return ring(welcome, wish);
    }

    private Frame.Proof answer(Frame.Hello hello, Frame.Challenge challenge, TransferSecurity security)
            throws TransferException {
        if (!(security instanceof TransferSecurity.SharedSecret secret)) {
            throw refused(peer + " asks for a transfer secret and this side has none; give both the same one");
        }
        byte[] expected = HandshakeProof.prove(secret, HandshakeProof.Role.OWNER, hello, challenge.nonce());
        if (!HandshakeProof.same(expected, challenge.proof())) {
            throw refused(peer + " has another transfer secret than this side; give both the same one");
        }
        return new Frame.Proof(HandshakeProof.prove(secret, HandshakeProof.Role.CALLER, hello, challenge.nonce()));
    }

    private Agreed ring(Frame.Welcome welcome, Frame.RingWish wish) throws IOException {
        Frame.MemoryOffer offer = welcome.ring();
        if (offer == null) {
            if (wish == Frame.RingWish.UCX) {
                throw refused(peer + " offers no memory to UCX; use tcp");
            }
            return new Agreed(
                    welcome,
                    null,
                    null,
                    switch (wish) {
                        case NEVER -> Optional.empty();
                        case IF_POSSIBLE, ALWAYS -> Optional.of(TransferFallback.SHM_NOT_OFFERED);
                        case UCX_IF_POSSIBLE, UCX -> Optional.of(TransferFallback.UCX_NOT_OFFERED);
                    });
        }
        ReachedRing ring;
        try {
            ring = wish.throughUcx() ? UcxReach.open(offer, InetAddress.getByName(peer.host())) : RingFile.open(offer);
        } catch (IOException e) {
            wire.write(FrameCodec.encode(new Frame.Ring(false)));
            if (wish == Frame.RingWish.UCX) {
                throw refused("the memory that " + peer + " offers to UCX cannot be reached: " + e.getMessage()
                        + "; use tcp");
            }
            if (wish == Frame.RingWish.ALWAYS) {
                throw refused("the shared memory that " + peer + " offers cannot be used here: " + e.getMessage()
                        + "; use tcp");
            }
            return new Agreed(
                    welcome,
                    null,
                    null,
                    Optional.of(wish.throughUcx() ? TransferFallback.UCX_NO_WAY : TransferFallback.SHM_NOT_MAPPED));
        }
        try {
            wire.write(FrameCodec.encode(new Frame.Ring(true)));
            return new Agreed(welcome, ring, memory(welcome), Optional.empty());
        } catch (IOException e) {
            ring.close();
            throw e;
        }
    }

    /** The owner's memory; null if it offers none or this process cannot open it, so that bytes go through the ring. */
    private static @Nullable SharedFile memory(Frame.Welcome welcome) throws ProtocolException {
        Frame.MemoryOffer offer = welcome.memory();
        if (offer == null) {
            return null;
        }
        SharedFile memory;
        try {
            memory = SharedFile.open(offer, MapMode.READ_ONLY);
        } catch (IOException e) {
            log.debug("reads go through the ring: {}", e.getMessage());
            return null;
        }
        long bytes = memory.content().byteSize();
        if (welcome.memoryOffset() < 0 || welcome.memoryOffset() > bytes - welcome.segmentBytes()) {
            memory.close();
            throw new ProtocolException("a segment of " + welcome.segmentBytes() + " bytes at offset "
                    + welcome.memoryOffset() + " of shared memory of " + bytes + " bytes");
        }
        return memory;
    }

    private static TransferException refused(String sentence) {
        return new TransferException(Kind.HANDSHAKE_REFUSED, sentence);
    }
}
