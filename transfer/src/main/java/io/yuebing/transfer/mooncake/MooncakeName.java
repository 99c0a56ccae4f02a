package io.yuebing.transfer.mooncake;

import io.yuebing.transfer.PeerAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How peers call a segment and where they look for its daemon.
 *
 * @param segment without a metadata server it has to be {@code host:port} of the daemon: peers take the host from it
 * @param daemon address of the handshake daemon as peers reach it; the data plane is on the same host
 */
record MooncakeName(String segment, PeerAddress daemon) {

    /**
     * @param wanted name that somebody chose
     * @param bound where the daemon listens
     * @throws IOException if peers could not find the segment, as a sentence
     */
    static MooncakeName of(MooncakeMetadata metadata, Optional<String> wanted, InetSocketAddress bound)
            throws IOException {
        PeerAddress named = wanted.map(MooncakeName::address).orElse(null);
        boolean peerToPeer = metadata instanceof MooncakeMetadata.PeerToPeer;
        if (peerToPeer && wanted.isPresent() && (named == null || named.port() != bound.getPort())) {
            throw new IOException("the segment name '" + wanted.get() + "' cannot be found without a metadata server,"
                    + " expected HOST:" + bound.getPort() + "; leave --segment-name out or give --metadata http://...");
        }
        InetAddress host = bound.getAddress();
        if (named == null && host.isAnyLocalAddress()) {
            throw new IOException("peers cannot reach a segment at " + host.getHostAddress()
                    + "; give --segment-name HOST:PORT with the address at which they reach this process");
        }
        PeerAddress daemon = new PeerAddress(named == null ? host.getHostAddress() : named.host(), bound.getPort());
        return new MooncakeName(wanted.orElse(daemon.toString()), daemon);
    }

    private static @Nullable PeerAddress address(String name) {
        int colon = name.lastIndexOf(':');
        try {
            return new PeerAddress(
                    name.substring(0, Math.max(colon, 0)).replaceAll("^\\[|]$", ""),
                    Integer.parseInt(name.substring(colon + 1)));
        } catch (IllegalArgumentException _) {
            return null;
        }
    }
}
