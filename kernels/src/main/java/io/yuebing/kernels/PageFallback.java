package io.yuebing.kernels;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/** Why memory of a {@link LargePageArena} came in small pages; each is logged at first, counted always. */
public enum PageFallback {
    /** Other systems are not asked for large pages. */
    NOT_LINUX("Yuebing gets large ones from Linux only"),
    /** The calls that ask for them are native. */
    NO_NATIVE_ACCESS("this process may not call the system; start Java with --enable-native-access=io.yuebing.kernels"),
    /** The kernel has none, or somebody turned them off. */
    SWITCHED_OFF("this Linux has large ones switched off; write madvise to " + PageFallback.LINUX_SETTING),
    /** The kernel does not take the advice. */
    REFUSED("Linux refused large ones for a range of memory"),
    /** There is no address space for a slab. */
    NO_ROOM("Linux refused a range of memory; look at ulimit -v and at the container's limits");

    private static final String LINUX_SETTING = "/sys/kernel/mm/transparent_hugepage/enabled";

    private final String sentence;

    PageFallback(String sentence) {
        this.sentence = sentence;
    }

    /** Why, and what to do where something can be done. */
    String sentence() {
        return sentence;
    }

    /** The label value in metrics. */
    public String metricName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * What keeps a process from asking at all.
     *
     * @param os name of the operating system
     * @param setting content of Linux's file, such as {@code always [madvise] never}; empty if there is none
     */
    static Optional<PageFallback> obstacle(String os, boolean nativeAccess, String setting) {
        if (!os.equals("Linux")) {
            return Optional.of(NOT_LINUX);
        }
        if (!nativeAccess) {
            return Optional.of(NO_NATIVE_ACCESS);
        }
        return setting.isEmpty() || setting.contains("[never]") ? Optional.of(SWITCHED_OFF) : Optional.empty();
    }

    static String linuxSetting() {
        try {
            return Files.readString(Path.of(LINUX_SETTING)).strip();
        } catch (IOException e) {
            return "";
        }
    }
}
