package io.yuebing.cli.doctor;

import io.yuebing.cli.hub.Amounts;
import io.yuebing.transfer.topology.RdmaPort;
import io.yuebing.transfer.topology.SystemFiles;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Memory, its pages, and the limits of the process. */
final class MemoryChecks {
    private static final long LITTLE = 1L << 30;
    private static final long ALMOST_NOTHING = 256L << 20;
    private static final double SMALL_SHARE = 0.1;

    /** Room for the rings of some tens of connections. */
    private static final long ENOUGH_SHARED = 256L << 20;

    /** 256 transfer connections, as many streams of clients, and the files of a model. */
    private static final long ENOUGH_FILES = 4096;

    private static final long ENOUGH_TASKS = 1024;
    private static final Pattern SHM = Pattern.compile("^\\S+ /dev/shm (\\S+) (\\S+)", Pattern.MULTILINE);
    private static final Pattern SIZE = Pattern.compile("(?:^|,)size=(\\d{1,15})([kmg]?)");
    private static final Pattern CHOSEN = Pattern.compile("\\[(\\w+)]");

    private MemoryChecks() {}

    static void memory(Machine machine, Findings findings) {
        SystemFiles files = machine.files();
        OptionalLong total = kibibytes(files, "MemTotal");
        OptionalLong available = kibibytes(files, "MemAvailable");
        if (total.isEmpty() || available.isEmpty()) {
            findings.ok("unknown on this system");
            return;
        }
        ControlGroup group = new ControlGroup(files);
        OptionalLong limit = group.memoryLimit();
        boolean limited = limit.isPresent() && limit.getAsLong() < total.getAsLong();
        long all = limited ? limit.getAsLong() : total.getAsLong();
        long free = limited ? Math.min(available.getAsLong(), all - group.memoryUsed()) : available.getAsLong();
        String what = Amounts.bytes(Math.max(0, free)) + " of " + Amounts.bytes(all) + " available"
                + (limited ? ", the container's limit; the machine has " + Amounts.bytes(total.getAsLong()) : "");
        String advice =
                "stop what else runs here, or choose a smaller --kv-memory; ./yuebing inspect tells what a model"
                        + " needs";
        if (free < ALMOST_NOTHING) {
            findings.problem(what, advice);
        } else if (free < LITTLE || free < SMALL_SHARE * all) {
            findings.warning(what, advice);
        } else {
            findings.ok(what);
        }
        swap(files, findings);
        if (group.memoryKills() > 0) {
            findings.problem(
                    "processes of this container that the kernel killed for want of memory: " + group.memoryKills(),
                    "raise the container's limit, or choose a smaller --kv-memory");
        }
    }

    private static void swap(SystemFiles files, Findings findings) {
        long total = kibibytes(files, "SwapTotal").orElse(0);
        long used = total - kibibytes(files, "SwapFree").orElse(0);
        if (used > 64L << 20) {
            findings.warning(
                    Amounts.bytes(used) + " are swapped out: a step that needs them waits for the disk",
                    "free memory, then swapoff -a && swapon -a; or sysctl vm.swappiness=1");
        }
    }

    private static OptionalLong kibibytes(SystemFiles files, String field) {
        Matcher line = Pattern.compile("^" + field + ":\\s*(\\d{1,15}) kB", Pattern.MULTILINE)
                .matcher(files.text("/proc/meminfo").orElse(""));
        return line.find() ? OptionalLong.of(Long.parseLong(line.group(1)) << 10) : OptionalLong.empty();
    }

    static void hugePages(Machine machine, Findings findings) {
        Matcher mode = CHOSEN.matcher(machine.files()
                .text("/sys/kernel/mm/transparent_hugepage/enabled")
                .orElse(""));
        if (!mode.find()) {
            findings.ok("not known on this system");
        } else if (mode.group(1).equals("always")) {
            findings.ok("transparent ones for weights and KV cache");
        } else {
            findings.ok("none for weights and KV cache (transparent_hugepage is " + mode.group(1)
                    + ", only always would give them)");
        }
    }

    static void sharedMemory(Machine machine, Findings findings) {
        Matcher mount = SHM.matcher(machine.files().text("/proc/mounts").orElse(""));
        if (!mount.find()) {
            findings.warning(
                    "/dev/shm is not there: KV blocks between processes of this host go through the temporary folder",
                    "mount -t tmpfs tmpfs /dev/shm, or give the container --shm-size=1g");
            return;
        }
        Matcher size = SIZE.matcher(mount.group(2));
        if (!size.find()) {
            findings.ok("/dev/shm has its usual size");
            return;
        }
        long bytes = Long.parseLong(size.group(1))
                << switch (size.group(2)) {
                    case "k" -> 10;
                    case "m" -> 20;
                    case "g" -> 30;
                    default -> 0;
                };
        if (bytes < ENOUGH_SHARED) {
            findings.warning(
                    "/dev/shm has " + Amounts.bytes(bytes)
                            + ": every connection between processes of this host takes 2 MiB or more of it",
                    "give the container --shm-size=1g; when it is full KV blocks travel over TCP");
        } else {
            findings.ok("/dev/shm has " + Amounts.bytes(bytes));
        }
    }

    static void limits(Machine machine, Findings findings) {
        SystemFiles files = machine.files();
        OptionalLong open = limit(files, "Max open files");
        if (open.isPresent() && open.getAsLong() < ENOUGH_FILES) {
            findings.warning(
                    open.getAsLong() + " open files: many clients and peers at a time need more",
                    "ulimit -n 65536, or LimitNOFILE=65536 in the unit of systemd");
        } else {
            findings.ok(shown(open) + " open files");
        }
        OptionalLong group = new ControlGroup(files).tasks();
        OptionalLong tasks = limit(files, "Max processes");
        long most = Math.min(tasks.orElse(Long.MAX_VALUE), group.orElse(Long.MAX_VALUE));
        if (most < ENOUGH_TASKS) {
            findings.warning(
                    most + " threads and processes at most",
                    "ulimit -u 65536, --pids-limit of the container, or TasksMax= in the unit of systemd");
        }
        boolean rdma = !RdmaPort.all(files).isEmpty();
        OptionalLong locked = limit(files, "Max locked memory");
        if (rdma && locked.orElse(Long.MAX_VALUE) < Long.MAX_VALUE) {
            findings.problem(
                    "only " + Amounts.bytes(locked.getAsLong())
                            + " of memory may be locked: RDMA cannot register a KV cache",
                    "ulimit -l unlimited, --ulimit memlock=-1 of the container, or LimitMEMLOCK=infinity");
        }
    }

    /** The soft limit; Java has raised that of open files to the hard one before. */
    private static OptionalLong limit(SystemFiles files, String name) {
        Matcher line = Pattern.compile("^" + name + "\\s+(\\d{1,18}|unlimited)", Pattern.MULTILINE)
                .matcher(files.text("/proc/self/limits").orElse(""));
        if (!line.find()) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(line.group(1).equals("unlimited") ? Long.MAX_VALUE : Long.parseLong(line.group(1)));
    }

    private static String shown(OptionalLong limit) {
        if (limit.isEmpty()) {
            return "an unknown number of";
        }
        return limit.getAsLong() == Long.MAX_VALUE
                ? "any number of"
                : String.format(Locale.ROOT, "%d", limit.getAsLong());
    }
}
