package io.yuebing.transfer;

import java.io.IOException;
import java.nio.channels.FileChannel.MapMode;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The offering side of a handshake. */
final class ServerHandshake {
    private final FrameServer server;
    private final ServerConnection connection;
    private final Wire wire;
    private final FrameInput input;

    ServerHandshake(FrameServer server, ServerConnection connection, Wire wire, FrameInput input) {
        this.server = server;
        this.connection = connection;
        this.wire = wire;
        this.input = input;
    }

    /**
     * What both sides agreed on.
     *
     * @param ring belongs to the caller
     * @param memory of the peer, readable in place; belongs to the caller
     */
    record Agreed(
            Segment segment,
            Checksum checksum,
            @Nullable OfferedRing ring,
            @Nullable SharedFile memory) {}

    /** Introduces both sides; empty if the peer was turned away. */
    Optional<Agreed> shake() throws IOException {
        Frame first;
        try {
            first = input.next();
        } catch (ProtocolException e) {
            tellWhy(e);
            throw e;
        }
        if (!(first instanceof Frame.Hello hello)) {
            throw new ProtocolException("a frame of type " + first.type() + " before its HELLO");
        }
        // strangers learn nothing of what is offered here
        Optional<String> refusal = stranger(hello).or(() -> unfit(hello)).or(() -> server.establish(connection));
        if (refusal.isPresent()) {
            server.counters().turnedAway.increment();
            server.complaints().log(connection.peerHost(), "turned away: " + refusal.get());
            wire.write(FrameCodec.encode(new Frame.Refuse(refusal.get())));
            return Optional.empty();
        }
        return Optional.of(welcome(server.segment(hello.segment()).orElseThrow(), hello));
    }

    /** To a peer that speaks another version; one that speaks nonsense does not listen. */
    private void tellWhy(ProtocolException why) {
        try {
            wire.write(FrameCodec.encode(
                    new Frame.Refuse("the transfer server expected a HELLO and found " + why.getMessage())));
        } catch (IOException e) {
            why.addSuppressed(e);
        }
    }

    private Optional<String> stranger(Frame.Hello hello) throws IOException {
        if (!(server.options().security() instanceof TransferSecurity.SharedSecret secret)) {
            return Optional.empty();
        }
        byte[] nonce = HandshakeProof.nonce();
        wire.write(FrameCodec.encode(
                new Frame.Challenge(nonce, HandshakeProof.prove(secret, HandshakeProof.Role.OWNER, hello, nonce))));
        Frame answer = input.next();
        if (!(answer instanceof Frame.Proof proof)) {
            throw new ProtocolException("expected PROOF, found a frame of type " + answer.type());
        }
        byte[] expected = HandshakeProof.prove(secret, HandshakeProof.Role.CALLER, hello, nonce);
        return HandshakeProof.same(expected, proof.proof())
                ? Optional.empty()
                : Optional.of("the transfer secret is not the one of this server; give both the same one");
    }

    private Optional<String> unfit(Frame.Hello hello) {
        Optional<Segment> segment = server.segment(hello.segment());
        if (segment.isEmpty()) {
            return Optional.of(
                    hello.segment().isEmpty()
                            ? "there are several segments here; name one"
                            : "there is no segment '" + hello.segment() + "' here");
        }
        if (hello.ring() == Frame.RingWish.UCX && server.ucxRefusal().isPresent()) {
            return server.ucxRefusal();
        }
        if (server.ring() == Frame.RingWish.UCX && !hello.ring().throughUcx()) {
            return Optional.of("this server lets only UCX into its memory; use protocol ucx");
        }
        if (hello.ring() == Frame.RingWish.ALWAYS && server.ring() == Frame.RingWish.NEVER) {
            return Optional.of("this server offers no shared memory; use protocol tcp");
        }
        if (server.ring() == Frame.RingWish.ALWAYS
                && (hello.ring() == Frame.RingWish.NEVER
                        || hello.ring().throughUcx()
                        || !connection.peerOnThisHost())) {
            return Optional.of(
                    "this server offers only shared memory, to processes of its host; use protocol shm there");
        }
        if (hello.checksum() == Checksum.NONE && !server.options().unchecked()) {
            return Optional.of("this server takes no payloads without checksums; leave checksums on");
        }
        return segment.get().greeting().refuse(hello.hello());
    }

    private Agreed welcome(Segment segment, Frame.Hello hello) throws IOException {
        OfferedRing ring = hello.ring() == Frame.RingWish.NEVER ? null : newRing(hello.ring());
        boolean mappable = ring != null && !hello.ring().throughUcx();
        SharedFile memory = mappable ? peerMemory(hello) : null;
        boolean taken = false;
        try {
            TransferServerOptions options = server.options();
            Optional<SharedMemory> shared = mappable ? segment.shared() : Optional.empty();
            // Before the peer knows: a WELCOME fits into any socket buffer, and after it the peer may be silent for
            // long.
            connection.established(ring != null);
            wire.write(FrameCodec.encode(new Frame.Welcome(
                    options.windowBytes(),
                    segment.memory().byteSize(),
                    options.maxSliceBytes(),
                    ring == null ? null : ring.offer(),
                    memory != null,
                    shared.map(SharedMemory::offer).orElse(null),
                    shared.map(holding -> holding.offsetOf(segment.memory())).orElse(0L),
                    segment.name(),
                    segment.greeting().hello())));
            if (ring != null) {
                Frame answer = input.next();
                if (!(answer instanceof Frame.Ring answered)) {
                    throw new ProtocolException("expected RING, found a frame of type " + answer.type());
                }
                taken = answered.taken();
                connection.established(false);
            }
            return taken
                    ? new Agreed(segment, hello.checksum(), ring, memory)
                    : new Agreed(segment, hello.checksum(), null, null);
        } finally {
            if (ring != null) {
                ring.unlink();
                if (!taken) {
                    ring.close();
                }
            }
            if (memory != null && !taken) {
                memory.close();
            }
        }
    }

    /** The peer's memory; null if it offers none or this process cannot open it, so that bytes go through the ring. */
    private @Nullable SharedFile peerMemory(Frame.Hello hello) {
        Frame.MemoryOffer offer = hello.memory();
        if (offer == null) {
            return null;
        }
        try {
            return SharedFile.open(offer, MapMode.READ_ONLY);
        } catch (IOException e) {
            server.complaints()
                    .log(connection.peerHost(), "has shared memory that cannot be opened here: " + e.getMessage());
            return null;
        }
    }

    private @Nullable OfferedRing newRing(Frame.RingWish wish) {
        if (wish.throughUcx()) {
            return server.newUcxRing(connection);
        }
        if (server.ring() == Frame.RingWish.NEVER || !connection.peerOnThisHost()) {
            return null;
        }
        try {
            return RingFile.create(server.ringBytes());
        } catch (IOException e) {
            server.complaints()
                    .log(connection.peerHost(), "gets no shared memory, for this host has none: " + e.getMessage());
            return null;
        }
    }
}
