package io.yuebing.node;

import java.lang.management.ManagementFactory;

/** The memory of this machine or container. */
final class MachineMemory {
    private MachineMemory() {}

    /** Bytes, within the limits of the process's control group. */
    static long total() {
        var system = ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class);
        return system.getTotalMemorySize();
    }
}
