package io.yuebing.transfer;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** Greetings of tests. */
final class Greetings {
    private Greetings() {}

    /** Accepts everybody. */
    static Greeting of(String hello) {
        return refusing(hello, "");
    }

    /** Takes a peer for one that is reached at another address, too. */
    static Greeting furtherHost(String host) {
        return new Greeting() {
            @Override
            public byte[] hello() {
                return new byte[0];
            }

            @Override
            public Optional<String> refuse(byte[] peerHello) {
                return Optional.empty();
            }

            @Override
            public List<String> furtherHosts(byte[] peerHello) {
                return List.of(host);
            }
        };
    }

    /** Refuses whoever says {@code unwanted}. */
    static Greeting refusing(String hello, String unwanted) {
        return new Greeting() {
            @Override
            public byte[] hello() {
                return hello.getBytes(StandardCharsets.UTF_8);
            }

            @Override
            public Optional<String> refuse(byte[] peerHello) {
                String said = new String(peerHello, StandardCharsets.UTF_8);
                return said.equals(unwanted) && !said.isEmpty()
                        ? Optional.of(hello + " does not talk to " + said)
                        : Optional.empty();
            }
        };
    }
}
