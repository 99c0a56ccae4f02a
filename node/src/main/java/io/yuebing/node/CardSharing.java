package io.yuebing.node;

import java.net.InetAddress;
import java.util.List;

/**
 * How KV blocks are spread over network cards.
 *
 * @param furtherHosts addresses on which KV blocks are received beside the first, one for each further card
 * @param localAddresses addresses of the cards by which KV blocks leave; empty to let the system choose
 * @param lanes connections to each peer; there is at least one for each card that is used
 */
public record CardSharing(List<String> furtherHosts, List<InetAddress> localAddresses, int lanes) {
    /** One connection to each peer, at one address, by the card that the system chooses. */
    public static final CardSharing NONE = new CardSharing(List.of(), List.of(), 1);

    public CardSharing {
        furtherHosts = List.copyOf(furtherHosts);
        localAddresses = List.copyOf(localAddresses);
    }
}
