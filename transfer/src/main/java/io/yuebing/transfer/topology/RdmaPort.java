package io.yuebing.transfer.topology;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A port of an RDMA device, as {@code /sys/class/infiniband} describes it.
 *
 * @param device for example {@code mlx5_0}
 * @param port number, from 1
 * @param state for example {@code ACTIVE} or {@code DOWN}
 * @param rate for example {@code 400 Gb/sec (4X NDR)}
 * @param linkLayer {@code InfiniBand}, or {@code Ethernet} for RoCE
 * @param interfaces network interfaces of the same device
 * @param numaNode whose memory is nearest
 * @param pci where it is plugged in; empty for devices in software
 */
public record RdmaPort(
        String device,
        int port,
        String state,
        String rate,
        String linkLayer,
        List<String> interfaces,
        OptionalInt numaNode,
        Optional<PciPath> pci) {
    private static final String FOLDER = "/sys/class/infiniband/";

    public RdmaPort {
        interfaces = List.copyOf(interfaces);
    }

    /** All ports of all devices. */
    public static List<RdmaPort> all(SystemFiles files) {
        return files.names(FOLDER).stream()
                .flatMap(device -> files.names(FOLDER + device + "/ports").stream()
                        .filter(port -> port.matches("\\d{1,3}"))
                        .map(port -> read(files, device, Integer.parseInt(port))))
                .toList();
    }

    private static RdmaPort read(SystemFiles files, String device, int port) {
        String folder = FOLDER + device + "/ports/" + port;
        return new RdmaPort(
                device,
                port,
                // "4: ACTIVE"
                files.text(folder + "/state").orElse("unknown").replaceFirst("^\\d+: *", ""),
                files.text(folder + "/rate").orElse("unknown rate"),
                files.text(folder + "/link_layer").orElse("unknown link"),
                files.names(FOLDER + device + "/device/net"),
                PciPath.numaNode(files, FOLDER + device + "/device"),
                PciPath.of(files, FOLDER + device + "/device"));
    }

    public boolean active() {
        return state.equals("ACTIVE");
    }

    /** Whether the link is Ethernet. */
    public boolean overEthernet() {
        return linkLayer.equals("Ethernet");
    }
}
