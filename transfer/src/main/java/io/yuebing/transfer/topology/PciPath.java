package io.yuebing.transfer.topology;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/**
 * Where a device is plugged in: the bridges from the processor down to it.
 *
 * <pre>
 * /sys/devices/pci0000:16/0000:16:01.0/0000:17:00.0/0000:18:01.0/0000:1a:00.0
 *              host bridge root port    switch, up   switch, down device
 * </pre>
 *
 * @param hostBridge for example {@code pci0000:16}
 * @param addresses from the root port to the device
 * @param numaNode whose memory is nearest
 */
public record PciPath(String hostBridge, List<String> addresses, OptionalInt numaNode) {
    private static final Pattern ADDRESS = Pattern.compile("[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]");

    public PciPath {
        addresses = List.copyOf(addresses);
    }

    /** How bytes go from one device to another, nearest first; in brackets what {@code nvidia-smi topo} calls it. */
    public enum Distance {
        /** Through switches only, not through a processor (PIX, PXB). */
        SAME_SWITCH("on the same PCIe switch"),
        /** Through one host bridge (PHB). */
        SAME_HOST_BRIDGE("on the same host bridge"),
        /** Through host bridges of one processor (NODE). */
        SAME_NUMA_NODE("on the same NUMA node"),
        /** Through the link between processors, or nobody knows (SYS). */
        ACROSS_NUMA_NODES("on different NUMA nodes");

        private final String phrase;

        Distance(String phrase) {
            this.phrase = phrase;
        }

        /** For people: {@code on the same PCIe switch}. */
        public String phrase() {
            return phrase;
        }
    }

    /**
     * Follows a link such as {@code /sys/class/net/eth0/device}.
     *
     * @return empty if the device is not on a PCI bus
     */
    public static Optional<PciPath> of(SystemFiles files, String device) {
        return files.realPath(device).flatMap(real -> {
            List<String> parts = Arrays.asList(real.split("/"));
            List<String> addresses = parts.stream()
                    .filter(part -> ADDRESS.matcher(part).matches())
                    .toList();
            Optional<String> bridge =
                    parts.stream().filter(part -> part.startsWith("pci")).findFirst();
            return bridge.isEmpty() || addresses.isEmpty()
                    ? Optional.empty()
                    : Optional.of(new PciPath(bridge.get(), addresses, numaNode(files, device)));
        });
    }

    /** The device's NUMA node; empty on machines that have one only, where the kernel says -1. */
    static OptionalInt numaNode(SystemFiles files, String device) {
        OptionalLong node = files.number(device + "/numa_node");
        return node.isPresent() && node.getAsLong() >= 0 ? OptionalInt.of((int) node.getAsLong()) : OptionalInt.empty();
    }

    /** The device's own address. */
    public String address() {
        return addresses.getLast();
    }

    public Distance to(PciPath other) {
        if (hostBridge.equals(other.hostBridge)) {
            // one link leaves a root port, so two devices below it have a switch between them
            return addresses.getFirst().equals(other.addresses.getFirst())
                    ? Distance.SAME_SWITCH
                    : Distance.SAME_HOST_BRIDGE;
        }
        return numaNode.isPresent() && numaNode.equals(other.numaNode)
                ? Distance.SAME_NUMA_NODE
                : Distance.ACROSS_NUMA_NODES;
    }
}
