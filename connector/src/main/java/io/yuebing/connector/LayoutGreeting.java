package io.yuebing.connector;

import io.yuebing.transfer.Greeting;
import java.util.List;
import java.util.Optional;

/** Lets two nodes talk only if KV blocks mean the same on both. */
final class LayoutGreeting implements Greeting {
    private enum Side {
        PREFILL,
        DECODE,
        OWNER
    }

    private final LayoutHello mine;
    private final Side side;
    private final byte[] hello;

    private LayoutGreeting(LayoutHello mine, Side side) {
        this.mine = mine;
        this.side = side;
        this.hello = mine.toJson();
    }

    static LayoutGreeting ofPrefill(LayoutHello mine) {
        return new LayoutGreeting(mine, Side.PREFILL);
    }

    static LayoutGreeting ofDecode(LayoutHello mine) {
        return new LayoutGreeting(mine, Side.DECODE);
    }

    /** Of a node that prefill nodes push to and decode nodes pull from: which of them calls, the caller knows. */
    static LayoutGreeting ofOwner(LayoutHello mine) {
        return new LayoutGreeting(mine, Side.OWNER);
    }

    @Override
    public byte[] hello() {
        return hello.clone();
    }

    @Override
    public Optional<String> refuse(byte[] peerHello) {
        LayoutHello peer;
        try {
            peer = LayoutHello.parse(peerHello);
        } catch (IllegalArgumentException | ArithmeticException e) {
            return Optional.of(mine.node() + " was sent " + e.getMessage());
        }
        return switch (side) {
            case PREFILL -> LayoutHello.mismatch(mine, peer);
            case DECODE -> LayoutHello.mismatch(peer, mine);
            case OWNER ->
                LayoutHello.mismatch(peer, mine)
                        .filter(_ -> LayoutHello.mismatch(mine, peer).isPresent());
        };
    }

    @Override
    public List<String> furtherHosts(byte[] peerHello) {
        return LayoutHello.parse(peerHello).furtherHosts();
    }
}
