package io.yuebing.engine;

import java.lang.management.ManagementFactory;

/** The memory of this machine or container. */
public final class MachineMemory {
    private MachineMemory() {}

    /** Bytes, within the limits of the process's control group. */
    public static long total() {
        var system = ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class);
        return system.getTotalMemorySize();
    }
}
