package io.yuebing.cli.doctor;

import io.yuebing.cli.doctor.CudaSupport.Version;
import io.yuebing.transfer.topology.PciPath;
import io.yuebing.transfer.topology.RdmaPort;
import io.yuebing.transfer.topology.SystemFiles;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** GPUs with their software: Yuebing computes on processors, but exchanges KV caches with engines that do not. */
final class GpuChecks {
    private static final String PCI = "/sys/bus/pci/devices/";
    private static final String NVIDIA = "0x10de";
    private static final Version DMA_BUF_KERNEL = new Version(5, 12);
    private static final Pattern RELEASE = Pattern.compile("release (\\d+\\.\\d+)");
    private static final Pattern CUDA_JSON =
            Pattern.compile("\"cuda\"\\s*:\\s*\\{[^}]*\"version\"\\s*:\\s*\"([\\d.]+)");
    private static final Pattern CUDNN_LIBRARY = Pattern.compile("libcudnn\\.so\\.(\\d+\\.\\d+)\\.\\d+");

    private GpuChecks() {}

    static void look(Machine machine, Findings findings) throws IOException, InterruptedException {
        Gpu.Answer answer = Gpu.ask(machine);
        List<Gpu> gpus = answer.gpus();
        if (answer.failure().isPresent()) {
            findings.problem(
                    "nvidia-smi says: " + answer.failure().get(), "modprobe nvidia; look at dmesg | grep -i nvrm");
        } else if (gpus.isEmpty()) {
            int there = onTheBus(machine.files());
            if (there > 0) {
                findings.problem(
                        "NVIDIA GPUs on the bus: " + there + ", and no driver answers for them",
                        "install NVIDIA's driver; in a container pass the GPUs in (--gpus all)");
            } else {
                findings.ok("none, and none is needed");
            }
        } else {
            models(gpus, findings);
        }
        cuda(machine, gpus, findings.about("CUDA"));
        cudnn(machine, gpus, findings.about("cuDNN"));
        if (!gpus.isEmpty() && !RdmaPort.all(machine.files()).isEmpty()) {
            direct(machine.files(), gpus, findings.about("GPUDirect"));
        }
    }

    private static int onTheBus(SystemFiles files) {
        return (int) files.names(PCI).stream()
                .filter(device -> files.text(PCI + device + "/vendor")
                                .orElse("")
                                .equals(NVIDIA)
                        && files.text(PCI + device + "/class").orElse("").startsWith("0x03"))
                .count();
    }

    private static void models(List<Gpu> gpus, Findings findings) {
        Map<String, List<Gpu>> kinds =
                gpus.stream().collect(Collectors.groupingBy(Gpu::name, LinkedHashMap::new, Collectors.toList()));
        kinds.forEach((name, same) -> {
            Gpu gpu = same.getFirst();
            String what = (same.size() > 1 ? same.size() + " x " : "") + name + ", driver " + gpu.driverText();
            if (!gpu.capabilityKnown()) {
                findings.warning(
                        what + ", compute capability unknown",
                        "update the driver to branch 510 or later, then nvidia-smi tells it");
            } else if (gpu.capability().before(CudaSupport.AMPERE)) {
                findings.warning(
                        what + ", compute capability " + gpu.capability() + " ("
                                + CudaSupport.generation(gpu.capability())
                                + "): below 8.0 engines keep the flat KV layout of PagedAttention, not the one of"
                                + " FlashAttention",
                        "declare such caches as \"paged_attention\": docs/KV_LAYOUTS.md");
            } else {
                findings.ok(what + ", compute capability " + gpu.capability() + " ("
                        + CudaSupport.generation(gpu.capability()) + ")");
            }
        });
    }

    private static void cuda(Machine machine, List<Gpu> gpus, Findings findings)
            throws IOException, InterruptedException {
        Optional<Version> toolkit = toolkit(machine);
        if (toolkit.isEmpty()) {
            if (!gpus.isEmpty()) {
                findings.ok("no toolkit here; engines bring their own");
            }
            return;
        }
        Version version = toolkit.get();
        boolean fine = true;
        for (Gpu gpu : kinds(gpus)) {
            Optional<Version> newest = CudaSupport.newestToolkit(gpu.capability());
            if (newest.isPresent() && newest.get().before(version)) {
                fine = false;
                findings.problem(
                        "toolkit " + version + " does not support " + gpu.name() + ": it has compute capability "
                                + gpu.capability() + ", CUDA " + newest.get() + " was the last for it",
                        "install CUDA " + newest.get() + " or earlier, and engines that were built with it");
            } else if (version.before(CudaSupport.oldestToolkit(gpu.capability()))) {
                fine = false;
                findings.problem(
                        "toolkit " + version + " does not know " + gpu.name() + " with compute capability "
                                + gpu.capability(),
                        "install CUDA " + CudaSupport.oldestToolkit(gpu.capability()) + " or later");
            }
            if (gpu.driver().before(CudaSupport.oldestDriver(version))) {
                fine = false;
                findings.problem(
                        "driver " + gpu.driverText() + " is too old for toolkit " + version,
                        "install driver " + CudaSupport.oldestDriver(version) + " or later, or an older toolkit");
            }
        }
        if (fine) {
            findings.ok("toolkit " + version);
        }
    }

    /** One GPU of each kind. */
    private static List<Gpu> kinds(List<Gpu> gpus) {
        Map<String, Gpu> kinds = new LinkedHashMap<>();
        gpus.stream().filter(Gpu::capabilityKnown).forEach(gpu -> kinds.putIfAbsent(gpu.name(), gpu));
        return List.copyOf(kinds.values());
    }

    private static Optional<Version> toolkit(Machine machine) throws IOException, InterruptedException {
        Optional<String> compiler = machine.said("nvcc", "--version");
        if (compiler.isPresent()) {
            Matcher release = RELEASE.matcher(compiler.get());
            if (release.find()) {
                return Version.in(release.group(1));
            }
        }
        Matcher installed = CUDA_JSON.matcher(
                machine.files().text(cudaHome(machine) + "/version.json").orElse(""));
        return installed.find() ? Version.in(installed.group(1)) : Optional.empty();
    }

    private static String cudaHome(Machine machine) {
        return machine.environment().getOrDefault("CUDA_HOME", "/usr/local/cuda");
    }

    private static void cudnn(Machine machine, List<Gpu> gpus, Findings findings)
            throws IOException, InterruptedException {
        Optional<Version> installed = cudnn(machine);
        if (installed.isEmpty()) {
            return;
        }
        Version version = installed.get();
        for (Gpu gpu : kinds(gpus)) {
            Optional<Version> newest = CudaSupport.newestCudnn(gpu.capability());
            if (newest.isPresent() && newest.get().before(version)) {
                findings.problem(
                        "release " + version + " does not support " + gpu.name() + " with compute capability "
                                + gpu.capability() + ": " + newest.get() + " was the last for it",
                        "install cuDNN " + newest.get() + " for CUDA 12");
                return;
            }
        }
        Optional<Version> toolkit = toolkit(machine);
        if (version.major() < 9 && toolkit.isPresent() && toolkit.get().major() > 12) {
            findings.problem(
                    "release " + version + " was built for CUDA 12 and earlier, the toolkit is " + toolkit.get(),
                    "install cuDNN 9 for CUDA 13");
        } else {
            findings.ok("release " + version);
        }
    }

    private static Optional<Version> cudnn(Machine machine) {
        List<String> headers = List.of(
                cudaHome(machine) + "/include/cudnn_version.h",
                "/usr/include/cudnn_version.h",
                "/usr/include/x86_64-linux-gnu/cudnn_version.h",
                "/usr/include/aarch64-linux-gnu/cudnn_version.h");
        for (String header : headers) {
            Optional<Version> version = machine.files().text(header).flatMap(GpuChecks::fromHeader);
            if (version.isPresent()) {
                return version;
            }
        }
        return List.of(
                        cudaHome(machine) + "/lib64",
                        "/usr/lib64",
                        "/usr/lib/x86_64-linux-gnu",
                        "/usr/lib/aarch64-linux-gnu")
                .stream()
                .flatMap(folder -> machine.files().names(folder).stream())
                .map(CUDNN_LIBRARY::matcher)
                .filter(Matcher::matches)
                .flatMap(library -> Version.in(library.group(1)).stream())
                .max(Version::compareTo);
    }

    private static Optional<Version> fromHeader(String header) {
        Matcher major = Pattern.compile("#define CUDNN_MAJOR (\\d{1,3})").matcher(header);
        Matcher minor = Pattern.compile("#define CUDNN_MINOR (\\d{1,3})").matcher(header);
        return major.find() && minor.find()
                ? Optional.of(new Version(Integer.parseInt(major.group(1)), Integer.parseInt(minor.group(1))))
                : Optional.empty();
    }

    /** Whether network cards reach the memory of GPUs, and how far it is. */
    private static void direct(SystemFiles files, List<Gpu> gpus, Findings findings) {
        boolean peermem = files.exists("/sys/module/nvidia_peermem") || files.exists("/sys/module/nv_peer_mem");
        boolean dmaBuf = files.text("/proc/driver/nvidia/version").orElse("").contains("Open Kernel Module")
                && Version.in(files.text("/proc/sys/kernel/osrelease").orElse(""))
                        .map(kernel -> !kernel.before(DMA_BUF_KERNEL))
                        .orElse(false);
        if (peermem) {
            findings.ok("nvidia_peermem is loaded: network cards can reach GPU memory");
        } else if (dmaBuf) {
            findings.ok("nvidia_peermem is not loaded, but driver and kernel can lend GPU memory by DMA-BUF");
        } else {
            findings.problem(
                    "nvidia_peermem is not loaded: RDMA copies through the processor's memory",
                    "modprobe nvidia_peermem, or install NVIDIA's open kernel modules, which have DMA-BUF");
        }
        distances(files, gpus, findings);
    }

    private static void distances(SystemFiles files, List<Gpu> gpus, Findings findings) {
        List<RdmaPort> ports = RdmaPort.all(files).stream()
                .filter(port -> port.active() && port.pci().isPresent())
                .toList();
        Map<PciPath.Distance, List<String>> nearest = new EnumMap<>(PciPath.Distance.class);
        for (Gpu gpu : gpus) {
            Optional<PciPath> path = PciPath.of(files, PCI + gpu.pciAddress());
            if (path.isPresent()) {
                ports.stream()
                        .map(port -> path.get().to(port.pci().orElseThrow()))
                        .min(PciPath.Distance::compareTo)
                        .ifPresent(distance -> nearest.computeIfAbsent(distance, _ -> new ArrayList<>())
                                .add("GPU " + gpu.index()));
            }
        }
        nearest.forEach((distance, which) -> {
            String text = NetworkChecks.names(which) + " and the nearest active RDMA card: " + distance.phrase();
            switch (distance) {
                case SAME_SWITCH, SAME_HOST_BRIDGE -> findings.ok(text);
                case SAME_NUMA_NODE, ACROSS_NUMA_NODES ->
                    findings.warning(
                            text,
                            "move a card to the GPU's switch, or let engines use the other GPUs; nvidia-smi topo -m"
                                    + " shows all ways");
            }
        });
    }
}
