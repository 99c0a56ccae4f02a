package io.yuebing.transfer.topology;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cores with the memory that is near to them, as {@code /sys/devices/system/node} describes them.
 *
 * @param number from 0
 * @param cores for example {@code 0-31,64-95}; empty for memory without cores
 * @param memoryBytes all of its memory
 */
public record NumaNode(int number, String cores, long memoryBytes) {
    private static final String FOLDER = "/sys/devices/system/node/";
    private static final Pattern TOTAL = Pattern.compile("MemTotal:\\s*(\\d{1,15}) kB");

    /** Those of the machine; none if the kernel does not tell. */
    public static List<NumaNode> all(SystemFiles files) {
        return files.names(FOLDER).stream()
                .filter(name -> name.matches("node\\d{1,4}"))
                .map(name -> {
                    Matcher total =
                            TOTAL.matcher(files.text(FOLDER + name + "/meminfo").orElse(""));
                    return new NumaNode(
                            Integer.parseInt(name.substring("node".length())),
                            files.text(FOLDER + name + "/cpulist").orElse(""),
                            total.find() ? Long.parseLong(total.group(1)) << 10 : 0);
                })
                .toList();
    }
}
