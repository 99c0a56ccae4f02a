package io.yuebing.cli.doctor;

import java.util.Comparator;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Which CUDA toolkits, drivers and cuDNN releases know which GPUs, after NVIDIA's release notes and support matrices. */
final class CudaSupport {
    /** First compute capability with FlashAttention-2, so with KV caches that are not flat. */
    static final Version AMPERE = new Version(8, 0);

    private static final Version TURING = new Version(7, 5);
    private static final Version VOLTA = new Version(7, 0);
    private static final Version MAXWELL = new Version(5, 0);

    private CudaSupport() {}

    /** A version or a compute capability: what stands before and after the first point. */
    record Version(int major, int minor) implements Comparable<Version> {
        private static final Pattern TEXT = Pattern.compile("(\\d{1,5})\\.(\\d{1,5})");

        /** The first one in a text. */
        static Optional<Version> in(String text) {
            Matcher found = TEXT.matcher(text);
            return found.find()
                    ? Optional.of(new Version(Integer.parseInt(found.group(1)), Integer.parseInt(found.group(2))))
                    : Optional.empty();
        }

        @Override
        public int compareTo(Version other) {
            return Comparator.comparingInt(Version::major)
                    .thenComparingInt(Version::minor)
                    .compare(this, other);
        }

        boolean before(Version other) {
            return compareTo(other) < 0;
        }

        @Override
        public String toString() {
            return major + "." + minor;
        }
    }

    /** The first toolkit that compiles for a GPU. */
    static Version oldestToolkit(Version capability) {
        if (capability.major() > 10 || capability.equals(new Version(10, 0))) {
            return new Version(12, 8);
        }
        if (capability.major() == 10) {
            return new Version(12, 9);
        }
        if (capability.major() == 9 || capability.equals(new Version(8, 9))) {
            return new Version(11, 8);
        }
        if (capability.equals(AMPERE)) {
            return new Version(11, 0);
        }
        if (capability.major() == 8) {
            return new Version(11, 1);
        }
        return capability.before(TURING) ? new Version(9, 0) : new Version(10, 0);
    }

    /** The last toolkit that compiles for a GPU; empty while there is none. */
    static Optional<Version> newestToolkit(Version capability) {
        if (capability.before(MAXWELL)) {
            return Optional.of(new Version(11, 8));
        }
        return capability.before(TURING) ? Optional.of(new Version(12, 9)) : Optional.empty();
    }

    /** The oldest driver for Linux with which programs of a toolkit run. */
    static Version oldestDriver(Version toolkit) {
        return switch (toolkit.major()) {
            case 11 -> new Version(450, 80);
            case 12 -> new Version(525, 60);
            default -> toolkit.major() > 12 ? new Version(580, 65) : new Version(410, 48);
        };
    }

    /** The last cuDNN for a GPU; empty while there is none. */
    static Optional<Version> newestCudnn(Version capability) {
        return capability.before(TURING) ? Optional.of(new Version(9, 10)) : Optional.empty();
    }

    /** What a GPU's generation is called. */
    static String generation(Version capability) {
        if (capability.before(VOLTA)) {
            return "older than Volta";
        }
        return switch (capability.major()) {
            case 7 -> capability.before(TURING) ? "Volta" : "Turing";
            case 8 -> capability.minor() == 9 ? "Ada" : "Ampere";
            case 9 -> "Hopper";
            default -> "Blackwell or later";
        };
    }
}
