package io.yuebing.bench.jmh;

import io.yuebing.bench.MachineLimits;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Work that a benchmark has done, reported beside its calls per second: gigabytes read and billions of multiply-adds per
 * second, and both as percent of what the machine was measured to do in the same process.
 *
 * <p>A benchmark takes it as an argument and calls {@link #done} once per call; it must use {@code Mode.Throughput} per
 * second.
 */
@State(Scope.Thread)
@AuxCounters(AuxCounters.Type.OPERATIONS)
public class Work {
    public double gigabytes;
    public double gigaMacs;
    public double percentOfReadLimit;
    public double percentOfFmaLimit;

    private MachineLimits limits = new MachineLimits(Threads.COUNT, Double.NaN, Double.NaN);

    @Setup(Level.Trial)
    public void measureLimits() {
        limits = MachineLimits.measure(Threads.COUNT);
        System.out.printf(
                "%nlimits with %d threads: read %.1f GB/s, float FMA %.1f GMAC/s%n",
                Threads.COUNT, limits.readBytesPerSecond() / 1e9, limits.macsPerSecond() / 1e9);
    }

    @Setup(Level.Iteration)
    public void reset() {
        gigabytes = 0;
        gigaMacs = 0;
        percentOfReadLimit = 0;
        percentOfFmaLimit = 0;
    }

    /**
     * Counts one call.
     *
     * @param bytes bytes that had to be read from memory
     * @param macs multiply-adds
     */
    public void done(long bytes, long macs) {
        gigabytes += bytes / 1e9;
        gigaMacs += macs / 1e9;
        percentOfReadLimit += 100 * bytes / limits.readBytesPerSecond();
        percentOfFmaLimit += 100 * macs / limits.macsPerSecond();
    }
}
