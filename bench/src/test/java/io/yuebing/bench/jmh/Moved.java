package io.yuebing.bench.jmh;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Bytes that one thread has moved, reported beside its calls per second: gigabytes per second, and these as percent of
 * {@link CopyLimit}.
 *
 * <p>For work whose bytes lie where the copy's do, in a cache or not. A benchmark takes it as an argument and calls
 * {@link #done} once per call; it must use {@code Mode.Throughput} per second.
 */
@State(Scope.Thread)
@AuxCounters(AuxCounters.Type.OPERATIONS)
public class Moved {
    public double gigabytes;
    public double percentOfCopy;

    private CopyLimit limit = new CopyLimit();

    @Setup(Level.Trial)
    public void beside(CopyLimit copy) {
        limit = copy;
    }

    @Setup(Level.Iteration)
    public void reset() {
        gigabytes = 0;
        percentOfCopy = 0;
    }

    /** Counts the bytes of one call. */
    public void done(long bytes) {
        gigabytes += bytes / 1e9;
        percentOfCopy += 100 * bytes / limit.bytesPerSecond();
    }
}
