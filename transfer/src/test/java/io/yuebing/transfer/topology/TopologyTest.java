package io.yuebing.transfer.topology;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TopologyTest {
    @TempDir
    private Path root;

    private SystemFiles files = SystemFiles.HERE;

    @BeforeEach
    void takeTheFilesOfAFolder() {
        files = new SystemFiles(root);
    }

    @Test
    void aBondStandsForItsCardsAndVirtualInterfacesForNone() throws IOException {
        card("eth10", "pci0000:10/0000:10:01.0/0000:11:00.0", 100_000, 1);
        card("eth2", "pci0000:10/0000:10:01.0/0000:11:00.1", 25_000, 1);
        file("sys/class/net/eth2/master/bonding/mode", "802.3ad 4");
        file("sys/class/net/bond0/bonding/mode", "802.3ad 4");
        file("sys/class/net/bond0/operstate", "up");
        file("sys/class/net/bond0/speed", "-1");
        file("sys/class/net/docker0/operstate", "up");
        assertThat(NetworkCard.all(files))
                .containsExactly(
                        new NetworkCard("bond0", true, OptionalLong.empty(), 0, OptionalInt.empty(), true, 0),
                        new NetworkCard("eth10", true, OptionalLong.of(100_000), 9000, OptionalInt.of(1), false, 0));
    }

    @Test
    void devicesBehindOneSwitchAreNearerThanThoseOfOneBridge() throws IOException {
        card("a", "pci0000:10/0000:10:01.0/0000:11:00.0/0000:12:00.0/0000:13:00.0", 1, 0);
        card("b", "pci0000:10/0000:10:01.0/0000:11:00.0/0000:12:01.0/0000:14:00.0", 1, 0);
        card("c", "pci0000:10/0000:10:02.0/0000:15:00.0", 1, 0);
        card("d", "pci0000:20/0000:20:01.0/0000:21:00.0", 1, 0);
        card("e", "pci0000:80/0000:80:01.0/0000:81:00.0", 1, 1);
        assertThat(path("a").address()).isEqualTo("0000:13:00.0");
        assertThat(path("a").to(path("b"))).isEqualTo(PciPath.Distance.SAME_SWITCH);
        assertThat(path("a").to(path("c"))).isEqualTo(PciPath.Distance.SAME_HOST_BRIDGE);
        assertThat(path("a").to(path("d"))).isEqualTo(PciPath.Distance.SAME_NUMA_NODE);
        assertThat(path("a").to(path("e"))).isEqualTo(PciPath.Distance.ACROSS_NUMA_NODES);
    }

    @Test
    void onlyTheFastestCardsThatAreUpShareTheWork() throws Exception {
        card("eth0", "pci0000:10/0000:10:01.0/0000:11:00.0", 100_000, 0);
        card("eth1", "pci0000:10/0000:10:02.0/0000:12:00.0", 100_000, 1);
        card("eth2", "pci0000:10/0000:10:03.0/0000:13:00.0", 1000, 0);
        card("eth3", "pci0000:10/0000:10:04.0/0000:14:00.0", 100_000, 0);
        file("sys/class/net/eth3/operstate", "down");
        InetAddress first = InetAddress.getByName("10.0.0.1");
        InetAddress second = InetAddress.getByName("10.0.1.1");
        assertThat(LocalAddresses.ofFastestCards(NetworkCard.all(files), name -> switch (name) {
                    case "eth0" -> Optional.of(first);
                    case "eth1" -> Optional.of(second);
                    default -> Optional.of(InetAddress.getLoopbackAddress());
                }))
                .containsExactly(first, second);
        assertThat(LocalAddresses.ofFastestCards(
                        NetworkCard.all(files), name -> name.equals("eth0") ? Optional.of(first) : Optional.empty()))
                .isEmpty();
    }

    @Test
    void numaNodesAndRdmaPortsAreReadAsTheKernelWritesThem() throws IOException {
        file("sys/devices/system/node/node0/cpulist", "0-3");
        file("sys/devices/system/node/node0/meminfo", "Node 0 MemTotal:       1024 kB\nNode 0 MemFree: 1 kB");
        file("sys/class/infiniband/mlx5_0/ports/1/state", "4: ACTIVE");
        file("sys/class/infiniband/mlx5_0/ports/1/rate", "100 Gb/sec (4X EDR)");
        file("sys/class/infiniband/mlx5_0/ports/1/link_layer", "Ethernet");
        file("sys/class/infiniband/mlx5_0/device/net/eth0/mtu", "1500");
        assertThat(NumaNode.all(files)).containsExactly(new NumaNode(0, "0-3", 1 << 20));
        RdmaPort port = RdmaPort.all(files).getFirst();
        assertThat(port.active()).isTrue();
        assertThat(port.overEthernet()).isTrue();
        assertThat(port.interfaces()).containsExactly("eth0");
    }

    @Test
    void whatIsNotThereIsAbsent() {
        assertThat(NetworkCard.all(files)).isEmpty();
        assertThat(NumaNode.all(files)).isEmpty();
        assertThat(RdmaPort.all(files)).isEmpty();
        assertThat(files.text("/proc/cpuinfo")).isEmpty();
        assertThat(files.number("/sys/x")).isEmpty();
        assertThat(files.realPath("/sys/x")).isEmpty();
    }

    private PciPath path(String card) {
        return PciPath.of(files, "/sys/class/net/" + card + "/device").orElseThrow();
    }

    private void card(String name, String device, int speed, int node) throws IOException {
        Path real = root.resolve("sys/devices/" + device);
        Files.createDirectories(real);
        file("sys/devices/" + device + "/numa_node", "" + node);
        file("sys/class/net/" + name + "/operstate", "up");
        file("sys/class/net/" + name + "/speed", "" + speed);
        file("sys/class/net/" + name + "/mtu", "9000");
        Path folder = root.resolve("sys/class/net/" + name);
        Files.createSymbolicLink(folder.resolve("device"), folder.relativize(real));
    }

    private void file(String path, String text) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(Objects.requireNonNull(file.getParent()));
        Files.writeString(file, text + "\n");
    }
}
