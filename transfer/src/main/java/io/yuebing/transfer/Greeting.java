package io.yuebing.transfer;

import java.util.List;
import java.util.Optional;

/** What one side says of itself at the handshake, with its judgement of what the other side says. */
public interface Greeting {

    /** Says nothing and accepts everybody. */
    Greeting EMPTY = new Greeting() {
        @Override
        public byte[] hello() {
            return new byte[0];
        }

        @Override
        public Optional<String> refuse(byte[] peerHello) {
            return Optional.empty();
        }
    };

    /** At most {@link FrameDescriptor#MAX_HELLO_BYTES} bytes, opaque to the transport. */
    byte[] hello();

    /** Empty to accept; otherwise one sentence that names both sides, expected and found. */
    Optional<String> refuse(byte[] peerHello);

    /** Further hosts under which the peer says that its port is reached, one for each of its network cards. */
    default List<String> furtherHosts(byte[] peerHello) {
        return List.of();
    }
}
