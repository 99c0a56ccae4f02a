package io.yuebing.kernels;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Decides once which inner loops this process computes with; all give the same bits.
 *
 * <p>Native loops need no warm-up and know instructions that HotSpot never emits. Vector code without HotSpot's
 * optimising compiler runs a thousand times slower than plain loops, so Java's vectors are used only where that compiler
 * is at work and the machine has them.
 */
public final class KernelChoice {
    private static String wish = System.getProperty("yuebing.kernels", "auto");
    private static @Nullable KernelChoice made;

    private final Set set;
    private final String why;

    private KernelChoice(Set set, String why) {
        this.set = set;
        this.why = why;
    }

    /** The sets of loops. */
    enum Set {
        NATIVE,
        JAVA,
        SCALAR
    }

    /** What there is to choose from. */
    record Offer(boolean nativeLoops, String whyNoNative, boolean vectorModule, String compilers) {}

    /**
     * Says which loops are wanted, before anything is computed.
     *
     * @param kernels {@code auto}, {@code native}, {@code java} (the Vector API) or {@code scalar}
     */
    public static synchronized void wish(String kernels) {
        if (made != null && !kernels.equals(wish)) {
            throw new IllegalStateException("kernels " + wish + " compute already, " + kernels + " comes too late");
        }
        wish = kernels;
    }

    static synchronized KernelChoice made() {
        KernelChoice known = made;
        if (known == null) {
            known = choose(wish, offer(wish));
            made = known;
        }
        return known;
    }

    private static Offer offer(String wish) {
        boolean look = wish.equals("auto") || wish.equals("native");
        return new Offer(
                look && NativeLibrary.loaded(),
                look ? NativeLibrary.whyNot() : "",
                ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent(),
                System.getProperty("java.vm.info", ""));
    }

    static KernelChoice choose(String wish, Offer offer) {
        if (wish.equals("scalar")) {
            return new KernelChoice(Set.SCALAR, "kernels=scalar");
        }
        if (offer.nativeLoops()) {
            return new KernelChoice(Set.NATIVE, "");
        }
        String obstacle = obstacleToVectors(wish, offer);
        String noNative = wish.equals("java") ? "" : offer.whyNoNative();
        if (obstacle.isEmpty()) {
            return new KernelChoice(Set.JAVA, noNative);
        }
        return new KernelChoice(Set.SCALAR, noNative.isEmpty() ? obstacle : noNative + "; " + obstacle);
    }

    private static String obstacleToVectors(String wish, Offer offer) {
        String mode = offer.compilers().toLowerCase(Locale.ROOT);
        if (!offer.vectorModule()) {
            return "the module jdk.incubator.vector is missing, set kernels=java by flag or environment";
        }
        if (wish.equals("java")) {
            return "";
        }
        if (!mode.contains("mixed mode") && !mode.contains("compiled mode")) {
            return "the virtual machine only interprets (" + offer.compilers() + ")";
        }
        return mode.contains("emulated-client")
                ? "the virtual machine runs without its optimising compiler (" + offer.compilers() + ")"
                : "";
    }

    Set set() {
        return set;
    }

    String why() {
        return why;
    }

    Kernels kernels() {
        return switch (set) {
            case NATIVE -> new NativeKernels();
            case JAVA -> new VectorKernels();
            case SCALAR -> new ScalarKernels();
        };
    }

    /** One phrase for the start-up log, such as {@code native avx512 loops} or {@code scalar loops, slow: ...}. */
    public static String describe() {
        KernelChoice choice = made();
        String what = switch (choice.set) {
            case NATIVE -> "native " + NativeLibrary.isa() + " loops";
            case JAVA -> Lanes.BITS + "-bit SIMD by the Vector API";
            case SCALAR -> "scalar loops, slow";
        };
        return choice.why.isEmpty() ? what : what + ": " + choice.why;
    }
}
