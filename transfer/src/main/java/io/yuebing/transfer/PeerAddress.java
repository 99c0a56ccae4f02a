package io.yuebing.transfer;

/** Where a transfer server listens. */
public record PeerAddress(String host, int port) {
    public PeerAddress {
        if (host.isBlank() || port < 1 || port > 65535) {
            throw new IllegalArgumentException(
                    "transfer address '" + host + ":" + port + "' needs a host and a port of 1 to 65535");
        }
    }

    @Override
    public String toString() {
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
}
