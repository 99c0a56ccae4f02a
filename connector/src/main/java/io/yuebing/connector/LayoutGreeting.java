package io.yuebing.connector;

import io.yuebing.transfer.Greeting;
import java.util.List;
import java.util.Optional;

/** Lets two nodes talk only if KV blocks mean the same on both. */
final class LayoutGreeting implements Greeting {
    private enum Side {
        PREFILL,
        DECODE
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
        };
    }

    @Override
    public List<String> furtherHosts(byte[] peerHello) {
        return LayoutHello.parse(peerHello).furtherHosts();
    }
}
