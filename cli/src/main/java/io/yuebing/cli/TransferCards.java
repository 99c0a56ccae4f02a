package io.yuebing.cli;

import io.yuebing.api.UserError;
import io.yuebing.cli.settings.Configuration;
import io.yuebing.cli.settings.Settings;
import io.yuebing.node.CardSharing;
import io.yuebing.transfer.topology.LocalAddresses;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Reads which network cards a node uses for KV blocks. */
final class TransferCards {
    private TransferCards() {}

    /** The address on which KV blocks are received, the first of several. */
    static String host(Configuration configuration) {
        return words(configuration.get(Settings.TRANSFER_HOST)).getFirst();
    }

    /** @throws UserError if an address is not of this machine, or settings contradict each other */
    static CardSharing sharing(Configuration configuration) {
        List<String> hosts = words(configuration.get(Settings.TRANSFER_HOST));
        if (hosts.size() > 1 && configuration.find(Settings.TRANSFER_ADVERTISE).isPresent()) {
            throw new UserError("--transfer-host has " + hosts.size() + " addresses and --transfer-advertise says that"
                    + " peers reach another one; give one address, or leave --transfer-advertise out");
        }
        String cards = configuration.get(Settings.TRANSFER_CARDS);
        List<InetAddress> local = switch (cards) {
            case "auto" -> LocalAddresses.ofFastestCards();
            case "one" -> List.of();
            default -> words(cards).stream().map(TransferCards::own).toList();
        };
        return new CardSharing(hosts.subList(1, hosts.size()), local, configuration.get(Settings.TRANSFER_LANES));
    }

    private static List<String> words(String list) {
        List<String> words = new ArrayList<>(
                Stream.of(list.split(",")).map(String::strip).distinct().toList());
        words.removeIf(String::isEmpty);
        if (words.isEmpty()) {
            throw new UserError("'" + list + "' was given, expected an address or several with commas between them");
        }
        return words;
    }

    private static InetAddress own(String text) {
        try {
            InetAddress address = InetAddress.getByName(text);
            if (address.isLoopbackAddress() || NetworkInterface.getByInetAddress(address) != null) {
                return address;
            }
        } catch (UnknownHostException | SocketException _) {
            // told below
        }
        throw new UserError("--transfer-cards names '" + text
                + "', which is no address of this machine; ip address shows" + " them, auto and one need none");
    }
}
