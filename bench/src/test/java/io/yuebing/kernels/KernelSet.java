package io.yuebing.kernels;

import java.util.Locale;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * The loops that a benchmark measures. A process chooses its loops once, so benchmarks need a process for each value
 * ({@code @Fork(1)}) and take this as an argument of their first setup.
 */
@State(Scope.Benchmark)
public class KernelSet {
    @Param({"native", "java"})
    public String kernels = "auto";

    /**
     * Makes the choice.
     *
     * @throws IllegalStateException if these loops cannot be had, so that no figure stands under another's name
     */
    @Setup(Level.Trial)
    public void choose() {
        KernelChoice.wish(kernels);
        KernelChoice made = KernelChoice.made();
        if (!kernels.equals("auto")
                && !made.set().name().toLowerCase(Locale.ROOT).equals(kernels)) {
            throw new IllegalStateException(
                    "no " + kernels + " loops to measure, this process has " + KernelChoice.describe());
        }
    }
}
