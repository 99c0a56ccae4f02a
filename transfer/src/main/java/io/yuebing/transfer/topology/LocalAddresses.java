package io.yuebing.transfer.topology;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Chooses the network cards that share the work of transfers. */
public final class LocalAddresses {
    private LocalAddresses() {}

    /**
     * One address of each card that is up and as fast as the fastest; none where there are fewer than two of them, for
     * then the system's own choice is as good.
     */
    public static List<InetAddress> ofFastestCards() {
        return ofFastestCards(NetworkCard.all(SystemFiles.HERE), LocalAddresses::address);
    }

    /** @param address of a card by its name; empty if it has none */
    static List<InetAddress> ofFastestCards(List<NetworkCard> cards, Function<String, Optional<InetAddress>> address) {
        long fastest = cards.stream()
                .filter(NetworkCard::up)
                .flatMapToLong(card -> card.megabitsPerSecond().stream())
                .max()
                .orElse(0);
        List<InetAddress> addresses = cards.stream()
                .filter(card -> card.up() && card.megabitsPerSecond().orElse(-1) == fastest)
                .flatMap(card -> address.apply(card.name()).stream())
                .toList();
        return addresses.size() < 2 ? List.of() : addresses;
    }

    private static Optional<InetAddress> address(String card) {
        try {
            NetworkInterface known = NetworkInterface.getByName(card);
            if (known == null) {
                return Optional.empty();
            }
            List<InetAddress> usable = known.inetAddresses()
                    .filter(address -> !address.isLinkLocalAddress())
                    .toList();
            return usable.stream()
                    .filter(address -> address instanceof Inet4Address)
                    .findFirst()
                    .or(() -> usable.stream().findFirst());
        } catch (SocketException _) {
            return Optional.empty();
        }
    }
}
