package io.yuebing.transfer.topology;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * A network interface with hardware, or a bond of several, as {@code /sys/class/net} describes it.
 *
 * @param name for example {@code eth0}
 * @param up whether it has a link and is switched on
 * @param megabitsPerSecond what the link was negotiated at; empty for most virtual machines
 * @param mtu bytes of the largest packet
 * @param numaNode whose memory is nearest
 * @param bond whether it stands for several cards
 * @param errors packets that it received or sent damaged, since it was switched on
 */
public record NetworkCard(
        String name,
        boolean up,
        OptionalLong megabitsPerSecond,
        int mtu,
        OptionalInt numaNode,
        boolean bond,
        long errors) {
    private static final String FOLDER = "/sys/class/net/";

    /** Those of the machine; the cards of a bond are told as the bond. */
    public static List<NetworkCard> all(SystemFiles files) {
        return files.names(FOLDER).stream()
                .filter(name -> carries(files, FOLDER + name))
                .map(name -> read(files, name))
                .toList();
    }

    private static boolean carries(SystemFiles files, String card) {
        return (files.exists(card + "/device") || files.exists(card + "/bonding"))
                && !files.exists(card + "/master/bonding");
    }

    private static NetworkCard read(SystemFiles files, String name) {
        String card = FOLDER + name;
        OptionalLong speed = files.number(card + "/speed");
        return new NetworkCard(
                name,
                files.text(card + "/operstate").orElse("").equals("up"),
                speed.isPresent() && speed.getAsLong() > 0 ? speed : OptionalLong.empty(),
                (int) files.number(card + "/mtu").orElse(0),
                PciPath.numaNode(files, card + "/device"),
                files.exists(card + "/bonding"),
                files.number(card + "/statistics/rx_errors").orElse(0)
                        + files.number(card + "/statistics/tx_errors").orElse(0));
    }

    /** Where it is plugged in. */
    public Optional<PciPath> pci(SystemFiles files) {
        return PciPath.of(files, FOLDER + name + "/device");
    }

    /** For people: {@code 25 Gb/s}; empty if nobody knows. */
    public Optional<String> speed() {
        return megabitsPerSecond.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        megabitsPerSecond.getAsLong() % 1000 == 0
                                ? megabitsPerSecond.getAsLong() / 1000 + " Gb/s"
                                : megabitsPerSecond.getAsLong() + " Mb/s");
    }
}
