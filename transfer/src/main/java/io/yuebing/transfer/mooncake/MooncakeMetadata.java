package io.yuebing.transfer.mooncake;

import java.net.URI;

/** Where the members of a cluster find each other's segments. */
public sealed interface MooncakeMetadata {
    /** What Mooncake calls having no metadata server. */
    String P2P_HANDSHAKE = "P2PHANDSHAKE";

    /** Nowhere: a segment is named after its handshake daemon's address and asked for there. */
    record PeerToPeer() implements MooncakeMetadata {}

    /**
     * On an HTTP metadata server.
     *
     * @param address for example {@code http://10.0.0.1:8080/metadata}
     */
    record Http(URI address) implements MooncakeMetadata {}

    /**
     * Reads what people write.
     *
     * @throws IllegalArgumentException if it is neither, as a sentence
     */
    static MooncakeMetadata parse(String text) {
        if (text.equals(P2P_HANDSHAKE)) {
            return new PeerToPeer();
        }
        try {
            URI address = URI.create(text);
            if (("http".equals(address.getScheme()) || "https".equals(address.getScheme()))
                    && address.getHost() != null
                    && address.getRawQuery() == null) {
                return new Http(address);
            }
        } catch (IllegalArgumentException _) {
            // told below
        }
        throw new IllegalArgumentException("'" + text + "' is no metadata server, expected " + P2P_HANDSHAKE
                + " or an address such as http://10.0.0.1:8080/metadata");
    }
}
