package io.yuebing.cli.doctor;

import io.yuebing.transfer.topology.SystemFiles;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The limits that a container or a service puts on this process, of control groups of either version. */
final class ControlGroup {
    /** Version 1 writes almost 2^63 for no limit. */
    private static final long NO_LIMIT = 1L << 60;

    private static final Pattern VERSION_2 = Pattern.compile("^0::(/.*)$", Pattern.MULTILINE);
    private static final Pattern VERSION_1 = Pattern.compile("^\\d+:([\\w,=]*):(/.*)$", Pattern.MULTILINE);

    private final SystemFiles files;
    private final List<String> unified;
    private final String membership;

    ControlGroup(SystemFiles files) {
        this.files = files;
        this.membership = files.text("/proc/self/cgroup").orElse("");
        Matcher path = VERSION_2.matcher(membership);
        this.unified = path.find() ? upwards("/sys/fs/cgroup", path.group(1)) : List.of();
    }

    /** Cores that may be used on average. */
    OptionalDouble cores() {
        Stream<OptionalDouble> newer = unified.stream()
                .map(folder -> share(files.text(folder + "/cpu.max").orElse("max")));
        Stream<OptionalDouble> older = folders("cpu")
                .map(folder -> share(files.text(folder + "/cpu.cfs_quota_us").orElse("-1") + " "
                        + files.text(folder + "/cpu.cfs_period_us").orElse("100000")));
        return Stream.concat(newer, older)
                .flatMapToDouble(OptionalDouble::stream)
                .min();
    }

    private static OptionalDouble share(String quotaAndPeriod) {
        String[] words = quotaAndPeriod.split(" ");
        if (words.length < 2 || !words[0].matches("\\d{1,15}") || !words[1].matches("[1-9]\\d{0,14}")) {
            return OptionalDouble.empty();
        }
        return OptionalDouble.of(Double.parseDouble(words[0]) / Double.parseDouble(words[1]));
    }

    /** How often threads had to stop because the cores were used up. */
    long throttled() {
        return Stream.concat(unified.stream(), folders("cpu"))
                .mapToLong(folder -> field(folder + "/cpu.stat", "nr_throttled"))
                .max()
                .orElse(0);
    }

    /** Most memory. */
    OptionalLong memoryLimit() {
        return Stream.concat(
                        unified.stream().map(folder -> files.number(folder + "/memory.max")),
                        folders("memory").map(folder -> files.number(folder + "/memory.limit_in_bytes")))
                .flatMapToLong(OptionalLong::stream)
                .filter(limit -> limit < NO_LIMIT)
                .min();
    }

    /** Memory in use that cannot be given back at once, where there is a limit. */
    long memoryUsed() {
        for (String folder : unified) {
            if (files.number(folder + "/memory.max").isPresent()) {
                return files.number(folder + "/memory.current").orElse(0)
                        - field(folder + "/memory.stat", "inactive_file");
            }
        }
        return folders("memory")
                .filter(folder ->
                        files.number(folder + "/memory.limit_in_bytes").orElse(NO_LIMIT) < NO_LIMIT)
                .mapToLong(folder ->
                        files.number(folder + "/memory.usage_in_bytes").orElse(0)
                                - field(folder + "/memory.stat", "total_inactive_file"))
                .findFirst()
                .orElse(0);
    }

    /** Processes of this group that the kernel killed because memory had run out. */
    long memoryKills() {
        return unified.stream()
                .mapToLong(folder -> field(folder + "/memory.events", "oom_kill"))
                .max()
                .orElse(0);
    }

    /** Most threads and processes. */
    OptionalLong tasks() {
        return Stream.concat(unified.stream(), folders("pids"))
                .map(folder -> files.number(folder + "/pids.max"))
                .flatMapToLong(OptionalLong::stream)
                .min();
    }

    private long field(String file, String name) {
        Matcher value = Pattern.compile("^" + name + " (\\d{1,18})$", Pattern.MULTILINE)
                .matcher(files.text(file).orElse(""));
        return value.find() ? Long.parseLong(value.group(1)) : 0;
    }

    /** Folders of a controller of version 1, the own one first. */
    private Stream<String> folders(String controller) {
        Matcher line = VERSION_1.matcher(membership);
        while (line.find()) {
            if (List.of(line.group(1).split(",")).contains(controller)) {
                return upwards("/sys/fs/cgroup/" + controller, line.group(2)).stream();
            }
        }
        return Stream.empty();
    }

    /** A limit may be at any level; in a container the own folder may be mounted as the topmost one. */
    private static List<String> upwards(String top, String path) {
        List<String> folders = new ArrayList<>();
        for (String at = path; at.length() > 1; at = at.substring(0, at.lastIndexOf('/'))) {
            folders.add(top + at);
        }
        folders.add(top);
        return folders;
    }
}
