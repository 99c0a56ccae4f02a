package io.yuebing.kernels;

import java.util.Locale;

/**
 * Decides once which inner loops this process computes with.
 *
 * <p>Vector code without HotSpot's optimising compiler runs a thousand times slower than plain loops, so vectors are
 * used only where that compiler is at work and the machine has them. The system property {@value #PROPERTY} overrides
 * the decision: {@code scalar} or {@code java} (the Vector API).
 */
public final class VectorSupport {
    static final String PROPERTY = "yuebing.kernels";

    private static final Choice CHOICE =
            choose(System.getProperty(PROPERTY, ""), System.getProperty("java.vm.info", ""), vectorModule());

    private VectorSupport() {}

    /**
     * What was chosen.
     *
     * @param vectors whether the loops use vectors
     * @param why tells a person the reason; empty if the choice is the ordinary one
     */
    record Choice(boolean vectors, String why) {}

    /** Whether the loops use vectors. */
    public static boolean active() {
        return CHOICE.vectors();
    }

    /** Width of a vector; 32, one float, if the loops are scalar. */
    public static int bits() {
        return active() ? Lanes.BITS : Float.SIZE;
    }

    /** One phrase for the start-up log, such as {@code 512-bit SIMD} or {@code scalar loops, slow: ...}. */
    public static String describe() {
        String what = active() ? bits() + "-bit SIMD" : "scalar loops, slow";
        return CHOICE.why().isEmpty() ? what : what + ": " + CHOICE.why();
    }

    static Kernels kernels() {
        return active() ? new VectorKernels() : new ScalarKernels();
    }

    private static boolean vectorModule() {
        return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    }

    /**
     * The decision.
     *
     * @param wish value of the system property, empty if not set
     * @param compilers the virtual machine's {@code java.vm.info}
     * @param vectorModule whether the Vector API is there
     */
    static Choice choose(String wish, String compilers, boolean vectorModule) {
        String mode = compilers.toLowerCase(Locale.ROOT);
        if (wish.equals("scalar")) {
            return new Choice(false, PROPERTY + "=scalar");
        }
        if (!vectorModule) {
            return new Choice(false, "the module jdk.incubator.vector is missing, start with --add-modules");
        }
        if (wish.equals("java")) {
            return new Choice(true, PROPERTY + "=java");
        }
        String why = wish.isEmpty() ? "" : PROPERTY + "=" + wish + " is neither scalar nor java and was ignored";
        if (!mode.contains("mixed mode") && !mode.contains("compiled mode")) {
            return new Choice(false, "the virtual machine only interprets (" + compilers + ")");
        }
        if (mode.contains("emulated-client")) {
            return new Choice(false, "the virtual machine runs without its optimising compiler (" + compilers + ")");
        }
        return new Choice(true, why);
    }
}
