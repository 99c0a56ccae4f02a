package io.yuebing.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.cli.Terminal;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole report for machines of different kinds, as files of the kernel and programs describe them. */
class MachinesTest {
    @TempDir
    private Path root;

    @Test
    void aV100WithCuda13IsNotSupportedAndItsCachesAreFlat() throws Exception {
        FakeMachine box = plain(16, "Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz", "avx2 avx512f avx512_vnni")
                .file("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave")
                .file("/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "powersave")
                .program("nvidia-smi", 0, "0, Tesla V100-PCIE-16GB, 00000000:3B:00.0, 580.95.05, 7.0\n")
                .program("nvcc", 0, "Cuda compilation tools, release 13.0, V13.0.48\n")
                .file(
                        "/usr/include/x86_64-linux-gnu/cudnn_version.h",
                        "#define CUDNN_MAJOR 9\n#define CUDNN_MINOR 13\n#define CUDNN_PATCHLEVEL 0");
        card(box, "eno1", "/sys/devices/pci0000:17/0000:17:00.0/0000:18:00.0", 1000, 1500, 0);
        assertReport(box, "v100.txt");
    }

    @Test
    void aDgxHasANetworkCardOnTheSwitchOfEachGpu() throws Exception {
        FakeMachine box = plain(224, "Intel(R) Xeon(R) Platinum 8480C", "avx2 avx512f avx512_vnni avx512_bf16 amx_int8")
                .file("/sys/devices/system/cpu/smt/active", "1")
                .file("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance")
                .file("/proc/self/status", "Name:\tjava\nMems_allowed_list:\t0-1")
                .file("/proc/self/limits", limits("1048576", "unlimited"))
                .file("/proc/driver/nvidia/version", "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86")
                .file("/proc/sys/kernel/osrelease", "6.8.0-55-generic")
                .file("/dev/infiniband/uverbs0", "")
                .program("nvcc", 0, "Cuda compilation tools, release 12.8, V12.8.61\n");
        for (int node = 0; node < 2; node++) {
            box.file("/sys/devices/system/node/node" + node + "/cpulist", 56 * node + "-" + (56 * node + 55))
                    .file("/sys/devices/system/node/node" + node + "/meminfo", "Node 0 MemTotal: 1056735232 kB");
        }
        StringBuilder gpus = new StringBuilder();
        for (int i = 0; i < 8; i++) {
            String bus = "/sys/devices/pci0000:" + (10 + 10 * i) + "/0000:" + (10 + 10 * i) + ":01.0/0000:"
                    + (11 + 10 * i) + ":00.0/0000:" + (12 + 10 * i) + ":0";
            String gpu = bus + "0.0/0000:" + (13 + 10 * i) + ":00.0";
            String card = bus + "1.0/0000:" + (14 + 10 * i) + ":00.0";
            box.link("/sys/bus/pci/devices/0000:" + (13 + 10 * i) + ":00.0", gpu)
                    .file(gpu + "/numa_node", "" + i / 4);
            infiniband(box, "mlx5_" + i, card, i == 6 ? "1: DOWN" : "4: ACTIVE", i / 4);
            gpus.append(i + ", NVIDIA H100 80GB HBM3, 00000000:" + (13 + 10 * i) + ":00.0, 570.86.15, 9.0\n");
        }
        box.program("nvidia-smi", 0, gpus.toString());
        card(box, "ens6", "/sys/devices/pci0000:c0/0000:c0:01.0/0000:c1:00.0", 100_000, 1500, 1);
        assertReport(box, "dgx.txt");
    }

    @Test
    void aLaptopNeedsNothingButTime() throws Exception {
        FakeMachine box = plain(8, "Intel(R) Core(TM) i7-1165G7 @ 2.80GHz", "avx2 avx512f")
                .java(new Machine.JavaFacts(
                        "25+36",
                        "Homebrew",
                        "mixed mode, sharing",
                        8,
                        "512-bit SIMD by the Vector API: this build has no native kernels for linux-x86_64, there was no"
                                + " C compiler"))
                .file("/sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never")
                .file(
                        "/proc/meminfo",
                        "MemTotal: 16000000 kB\nMemAvailable: 900000 kB\nSwapTotal: 8000000 kB\nSwapFree: 6000000 kB")
                .file(
                        "/proc/net/tcp",
                        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
                                + "   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0"
                                + " 4711 1 0 100 0 0 10 0")
                .file("/proc/4242/cmdline", "python3\0-m\0http.server\0008000")
                .danglingLink("/proc/4242/fd/3", "socket:[4711]");
        card(box, "wlp0s20f3", "/sys/devices/pci0000:00/0000:00:14.3", -1, 1500, -1);
        assertReport(box, "laptop.txt");
    }

    @Test
    void aContainerIsToldOfItsLimitsNotOfItsHost() throws Exception {
        FakeMachine box = plain(3, "AMD EPYC 9654 96-Core Processor", "avx2 avx512f avx512_vnni")
                .java(new Machine.JavaFacts(
                        "25.0.3+9", "Eclipse Adoptium", "mixed mode, sharing", 3, "scalar loops, slow: kernels=scalar"))
                .file("/proc/self/cgroup", "0::/")
                .file("/sys/fs/cgroup/cpu.max", "250000 100000")
                .file("/sys/fs/cgroup/cpu.stat", "usage_usec 1\nnr_periods 1000\nnr_throttled 321")
                .file("/sys/fs/cgroup/memory.max", "8589934592")
                .file("/sys/fs/cgroup/memory.current", "8482560410")
                .file("/sys/fs/cgroup/memory.stat", "anon 1\ninactive_file 1048576")
                .file("/sys/fs/cgroup/memory.events", "low 0\noom 2\noom_kill 2")
                .file("/sys/fs/cgroup/pids.max", "512")
                .file("/proc/mounts", "shm /dev/shm tmpfs rw,nosuid,nodev,noexec,relatime,size=65536k 0 0")
                .file("/proc/self/limits", limits("1024", "65536"))
                .file("/sys/bus/pci/devices/0000:01:00.0/vendor", "0x10de")
                .file("/sys/bus/pci/devices/0000:01:00.0/class", "0x030200")
                .link("/sys/class/net/eth0", "/sys/devices/virtual/net/eth0")
                .file("/sys/class/net/eth0/operstate", "up")
                .file("/sys/class/net/eth0/mtu", "1450");
        assertReport(box, "container.txt");
    }

    private FakeMachine plain(int cores, String model, String flags) throws IOException {
        return new FakeMachine(root)
                .java(new Machine.JavaFacts(
                        "25.0.3+9", "Eclipse Adoptium", "mixed mode, sharing", cores, "native avx512 loops"))
                .file("/proc/cpuinfo", "model name\t: " + model + "\nflags\t\t: fpu sse2 " + flags)
                .file(
                        "/proc/meminfo",
                        "MemTotal: 64000000 kB\nMemAvailable: 60000000 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB")
                .file("/proc/self/limits", limits("1048576", "8388608"))
                .file("/proc/mounts", "tmpfs /dev/shm tmpfs rw,nosuid,nodev,inode64 0 0")
                .file("/proc/net/tcp", "  sl  local_address")
                .file("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never")
                .file("/sys/devices/system/node/node0/cpulist", "0-" + (cores - 1));
    }

    private static String limits(String files, String locked) {
        return "Limit                     Soft Limit           Hard Limit           Units     \n"
                + "Max processes             127234               127234               processes \n"
                + "Max open files            " + files + "                 " + files + "               files     \n"
                + "Max locked memory         " + locked + "              " + locked + "              bytes";
    }

    private static void card(FakeMachine box, String name, String device, int speed, int mtu, int node)
            throws IOException {
        box.link("/sys/class/net/" + name + "/device", device)
                .file(device + "/numa_node", "" + node)
                .file("/sys/class/net/" + name + "/operstate", "up")
                .file("/sys/class/net/" + name + "/mtu", "" + mtu)
                .file("/sys/class/net/" + name + "/speed", "" + speed);
    }

    private static void infiniband(FakeMachine box, String name, String device, String state, int node)
            throws IOException {
        box.link("/sys/class/infiniband/" + name + "/device", device)
                .file(device + "/numa_node", "" + node)
                .file("/sys/class/infiniband/" + name + "/ports/1/state", state)
                .file("/sys/class/infiniband/" + name + "/ports/1/rate", "400 Gb/sec (4X NDR)")
                .file("/sys/class/infiniband/" + name + "/ports/1/link_layer", "InfiniBand");
    }

    private static void assertReport(FakeMachine box, String golden) throws Exception {
        StringWriter text = new StringWriter();
        Report report = new Report(new PrintWriter(text), new Terminal(false, false, 110), false);
        new Examination(box.machine(), Duration.ofSeconds(30)).run(Doctor.CHECKS, report::add);
        report.end();
        assertThat(text.toString().lines().map(String::stripTrailing))
                .containsExactlyElementsOf(resource(golden).lines().toList());
    }

    private static String resource(String name) throws IOException {
        try (var in = Objects.requireNonNull(MachinesTest.class.getResourceAsStream("/doctor/" + name), name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
