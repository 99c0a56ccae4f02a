package io.yuebing.cli.doctor;

import io.yuebing.transfer.topology.NetworkCard;
import io.yuebing.transfer.topology.RdmaPort;
import io.yuebing.transfer.topology.SystemFiles;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What KV blocks travel over to other machines. */
final class NetworkChecks {
    private static final int JUMBO = 8000;
    private static final long FAST_MEGABITS = 10_000;
    private static final long SLOW_MEGABITS = 1000;
    /** What 25 Gb/s hold within a round trip of 1 ms. */
    private static final long ENOUGH_BUFFER = 3L << 20;

    private static final String INTERFACES = "/sys/class/net/";
    private static final Pattern TRAILING_NUMBER = Pattern.compile("\\d{1,9}$");

    private static final List<String> LIBRARY_FOLDERS =
            List.of("/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib");

    private static final String UCX_LIBRARY = "libucp.so.0";

    private NetworkChecks() {}

    static void links(Machine machine, Findings findings) {
        List<NetworkCard> cards = NetworkCard.all(machine.files());
        List<NetworkCard> up = cards.stream().filter(NetworkCard::up).toList();
        if (up.isEmpty()) {
            withoutCards(machine.files(), findings);
        }
        grouped(up, NetworkChecks::described).forEach((what, same) -> judge(what, same, findings));
        for (NetworkCard card : up) {
            if (card.errors() > 0) {
                findings.warning(
                        card.name() + " has counted " + card.errors() + " damaged packets",
                        "check cable and transceiver; ethtool -S " + card.name() + " tells more");
            }
        }
        buffers(machine.files(), up, findings);
    }

    /** Containers see virtual interfaces; the cards below them are the host's. */
    private static void withoutCards(SystemFiles files, Findings findings) {
        List<String> virtual = files.names(INTERFACES).stream()
                .filter(name -> !name.equals("lo"))
                .filter(name ->
                        files.text(INTERFACES + name + "/operstate").orElse("").equals("up"))
                .map(name -> name + ", MTU "
                        + files.number(INTERFACES + name + "/mtu").orElse(0))
                .toList();
        findings.ok(
                virtual.isEmpty()
                        ? "no link is up: only processes of this host are reached"
                        : "virtual only, as in a container: " + String.join("; ", virtual));
    }

    private static String described(NetworkCard card) {
        return card.speed().orElse("unknown speed") + ", MTU " + card.mtu() + (card.bond() ? ", a bond" : "");
    }

    private static void judge(String what, List<NetworkCard> same, Findings findings) {
        NetworkCard card = same.getFirst();
        String text =
                names(same.stream().map(NetworkCard::name).toList()) + ": " + what + nodes(same, NetworkCard::numaNode);
        long speed = card.megabitsPerSecond().orElse(0);
        if (speed >= FAST_MEGABITS && card.mtu() < JUMBO) {
            findings.warning(
                    text + "; packets are small for this speed",
                    "ip link set " + card.name() + " mtu 9000, here and on the switch and the peers");
        } else if (speed > 0 && speed <= SLOW_MEGABITS) {
            findings.warning(
                    text + "; a KV cache takes long over it",
                    "use a faster card between prefill and decode nodes, or run them on one host");
        } else {
            findings.ok(text);
        }
    }

    private static void buffers(SystemFiles files, List<NetworkCard> up, Findings findings) {
        boolean fast = up.stream().anyMatch(card -> card.megabitsPerSecond().orElse(0) > FAST_MEGABITS);
        for (String setting : List.of("tcp_rmem", "tcp_wmem")) {
            String[] sizes =
                    files.text("/proc/sys/net/ipv4/" + setting).orElse("").split("\\s+");
            if (fast && sizes.length == 3 && Long.parseLong(sizes[2]) < ENOUGH_BUFFER) {
                findings.warning(
                        "TCP may use buffers of " + sizes[2] + " bytes (" + setting + "), too few for a fast link",
                        "sysctl -w net.ipv4." + setting + "='4096 131072 16777216'");
            }
        }
    }

    static void rdma(Machine machine, Findings findings) {
        List<RdmaPort> ports = RdmaPort.all(machine.files());
        boolean ucx = LIBRARY_FOLDERS.stream()
                .flatMap(folder -> machine.files().names(folder).stream())
                .anyMatch(name -> name.startsWith(UCX_LIBRARY));
        if (ports.isEmpty()) {
            findings.ok("no device: KV blocks travel over TCP");
            if (ucx) {
                findings.ok("UCX is installed; --transfer-protocol ucx uses it");
            }
            return;
        }
        if (ucx) {
            findings.ok("UCX is installed: KV blocks travel over RDMA where both hosts have it");
        } else {
            findings.warning(
                    "UCX is not installed: KV blocks travel over TCP",
                    "install it on both ends; on Debian and Ubuntu: apt-get install libucx0");
        }
        grouped(ports, NetworkChecks::described).forEach((what, same) -> {
            String text =
                    names(same.stream().map(RdmaPort::device).toList()) + ": " + what + nodes(same, RdmaPort::numaNode);
            if (same.getFirst().active()) {
                findings.ok(text);
            } else if (ports.stream().anyMatch(RdmaPort::active)) {
                findings.warning(text, "check the cable; ibstat tells the physical state");
            } else {
                findings.problem(
                        text + "; no port is active",
                        "check cables and, for InfiniBand, that a subnet manager runs; ibstat tells the state");
            }
        });
        if (machine.files().names("/dev/infiniband").stream().noneMatch(name -> name.startsWith("uverbs"))) {
            findings.problem(
                    "/dev/infiniband has no uverbs device: programs cannot use the cards",
                    "modprobe ib_uverbs; in a container add --device=/dev/infiniband");
        }
    }

    private static String described(RdmaPort port) {
        return port.rate() + " " + (port.overEthernet() ? "RoCE" : port.linkLayer()) + ", " + port.state();
    }

    /** Things that are described alike, together: eight cards of a kind are one line. */
    private static <T> Map<String, List<T>> grouped(List<T> things, Function<T, String> description) {
        return things.stream().collect(Collectors.groupingBy(description, LinkedHashMap::new, Collectors.toList()));
    }

    /** {@code mlx5_0 to mlx5_5, mlx5_7}: three or more numbers without a gap are told by their ends. */
    static String names(List<String> names) {
        List<String> parts = new ArrayList<>();
        for (int first = 0; first < names.size(); ) {
            int last = first;
            while (last + 1 < names.size() && names.get(last + 1).equals(following(names.get(last)))) {
                last++;
            }
            if (last - first >= 2) {
                parts.add(names.get(first) + " to " + names.get(last));
            } else {
                parts.addAll(names.subList(first, last + 1));
            }
            first = last + 1;
        }
        return String.join(", ", parts);
    }

    /** {@code mlx5_8} after {@code mlx5_7}; the same for a name without a number. */
    private static String following(String name) {
        Matcher number = TRAILING_NUMBER.matcher(name);
        return number.find() ? name.substring(0, number.start()) + (Long.parseLong(number.group()) + 1) : name;
    }

    private static <T> String nodes(List<T> things, Function<T, OptionalInt> node) {
        Map<Integer, Integer> counts = new TreeMap<>();
        List<OptionalInt> known = new ArrayList<>(things.stream().map(node).toList());
        known.removeIf(OptionalInt::isEmpty);
        known.forEach(number -> counts.merge(number.getAsInt(), 1, Integer::sum));
        if (counts.isEmpty()) {
            return "";
        }
        return counts.size() == 1
                ? ", NUMA node " + counts.keySet().iterator().next()
                : ", "
                        + counts.entrySet().stream()
                                .map(entry -> entry.getValue() + " on NUMA node " + entry.getKey())
                                .collect(Collectors.joining(", "));
    }
}
