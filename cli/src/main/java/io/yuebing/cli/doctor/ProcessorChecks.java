package io.yuebing.cli.doctor;

import io.yuebing.cli.hub.Amounts;
import io.yuebing.transfer.topology.NumaNode;
import io.yuebing.transfer.topology.SystemFiles;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Java, its SIMD, and the cores that compute. */
final class ProcessorChecks {
    private static final String CPUS = "/sys/devices/system/cpu/";
    private static final Pattern MODEL = Pattern.compile("^model name\\s*: (.+)$", Pattern.MULTILINE);
    private static final Pattern FLAGS = Pattern.compile("^(?:flags|Features)\\s*: (.+)$", Pattern.MULTILINE);
    private static final Pattern ALLOWED_MEMORY = Pattern.compile("^Mems_allowed_list:\\s*(\\S+)$", Pattern.MULTILINE);
    private static final List<Instructions> INSTRUCTIONS = List.of(
            new Instructions("avx2", "AVX2"),
            new Instructions("avx512f", "AVX-512"),
            new Instructions("avx512_vnni", "VNNI"),
            new Instructions("avx512_bf16", "BF16"),
            new Instructions("amx_int8", "AMX"),
            new Instructions("asimd", "NEON"),
            new Instructions("asimddp", "dot products"),
            new Instructions("i8mm", "I8MM"),
            new Instructions("sve", "SVE"));
    private static final int OLDEST_JAVA = 25;

    /** A flag in {@code /proc/cpuinfo} that tells how fast kernels can be. */
    private record Instructions(String name, String shown) {}

    private ProcessorChecks() {}

    static void java(Machine machine, Findings findings) {
        Machine.JavaFacts java = machine.java();
        String what = java.version() + ", " + java.vendor();
        String mode = java.mode().toLowerCase(Locale.ROOT);
        if (Runtime.Version.parse(java.version()).feature() < OLDEST_JAVA) {
            findings.problem(
                    what + ": too old", "install a JDK " + OLDEST_JAVA + " or later, or set YUEBING_JAVA_HOME to one");
        } else if (mode.contains("interpreted")) {
            findings.problem(
                    what + ": it only interprets (" + java.mode() + ")", "take -Xint out of YUEBING_JAVA_OPTS");
        } else if (mode.contains("emulated-client")) {
            findings.warning(
                    what + ": its optimising compiler is off (" + java.mode() + ")",
                    "take -XX:TieredStopAtLevel out of YUEBING_JAVA_OPTS");
        } else {
            findings.ok(what);
        }
    }

    static void kernels(Machine machine, Findings findings) {
        String kernels = machine.java().kernels();
        String what = kernels + instructions(machine.files());
        if (kernels.startsWith("scalar")) {
            findings.problem(
                    what + "; nodes compute many times slower than they could",
                    "install a C compiler, then rm -r .cache && ./yuebing build; look at the setting kernels");
        } else if (!kernels.startsWith("native")) {
            findings.warning(
                    what + "; native loops are faster",
                    "install a C compiler (cc, gcc or clang), then rm -r .cache && ./yuebing build");
        } else {
            findings.ok(what);
        }
    }

    private static String instructions(SystemFiles files) {
        Matcher flags = FLAGS.matcher(files.text("/proc/cpuinfo").orElse(""));
        if (!flags.find()) {
            return "";
        }
        Set<String> has = Set.of(flags.group(1).split(" "));
        String names = INSTRUCTIONS.stream()
                .filter(flag -> has.contains(flag.name()))
                .map(Instructions::shown)
                .collect(Collectors.joining(", "));
        return "; the processor has " + (names.isEmpty() ? "no SIMD that is used here" : names);
    }

    static void cores(Machine machine, Findings findings) {
        SystemFiles files = machine.files();
        Matcher model = MODEL.matcher(files.text("/proc/cpuinfo").orElse(""));
        String name = model.find() ? " of " + model.group(1).replaceAll("\\s+", " ") : "";
        boolean siblings = files.text(CPUS + "smt/active").orElse("0").equals("1");
        String what = machine.java().processors() + (siblings ? " hardware threads (two a core)" : " cores") + name;
        ControlGroup group = new ControlGroup(files);
        OptionalDouble quota = group.cores();
        if (quota.isPresent() && quota.getAsDouble() < machine.java().processors()) {
            findings.warning(
                    String.format(
                            Locale.ROOT,
                            "%s, of which the container may use %.1f: threads are stopped in the middle of a step",
                            what,
                            quota.getAsDouble()),
                    "set --threads " + Math.max(1, (int) quota.getAsDouble()) + ", or give the container whole cores");
        } else {
            findings.ok(what);
        }
        if (group.throttled() > 0) {
            findings.warning(
                    "the container was stopped " + group.throttled() + " times because its cores were used up",
                    "give it more, or set --threads to whole cores below the limit");
        }
    }

    static void numa(Machine machine, Findings findings) {
        List<NumaNode> nodes = NumaNode.all(machine.files());
        if (nodes.size() < 2) {
            findings.ok(nodes.isEmpty() ? "unknown, taken as one node" : "one node");
            return;
        }
        String what = nodes.size() + " nodes: "
                + nodes.stream()
                        .map(node -> node.number() + " has "
                                + (node.cores().isEmpty() ? "no cores" : "cores " + node.cores()) + ", "
                                + Amounts.bytes(node.memoryBytes()))
                        .collect(Collectors.joining("; "));
        Matcher allowed =
                ALLOWED_MEMORY.matcher(machine.files().text("/proc/self/status").orElse(""));
        boolean bound = allowed.find() && allowed.group(1).matches("\\d+");
        if (bound) {
            findings.ok(what + "; this process is bound to node " + allowed.group(1));
        } else {
            findings.warning(
                    what + "; a process that is not bound reads weights across them",
                    "run one node a NUMA node: numactl --cpunodebind=0 --membind=0 ./yuebing node ...");
        }
        if (machine.files().text("/proc/sys/kernel/numa_balancing").orElse("0").equals("1")) {
            findings.warning(
                    "the kernel moves pages between nodes while they are read",
                    "sysctl kernel.numa_balancing=0 where processes are bound");
        }
    }

    static void governor(Machine machine, Findings findings) {
        Map<String, Integer> governors = new TreeMap<>();
        for (String cpu : machine.files().names(CPUS)) {
            machine.files()
                    .text(CPUS + cpu + "/cpufreq/scaling_governor")
                    .ifPresent(governor -> governors.merge(governor, 1, Integer::sum));
        }
        List<String> slow = new ArrayList<>(governors.keySet());
        slow.remove("performance");
        if (governors.isEmpty()) {
            findings.ok("not governed here, as in most virtual machines");
        } else if (slow.isEmpty()) {
            findings.ok("performance");
        } else {
            findings.warning(
                    slow.stream()
                                    .map(governor -> governor + " on " + governors.get(governor) + " cores")
                                    .collect(Collectors.joining(", "))
                            + ": they clock up late after each pause",
                    "cpupower frequency-set -g performance");
        }
    }
}
