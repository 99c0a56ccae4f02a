package io.yuebing.node;

import io.yuebing.kernels.KernelWarmup;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides when a node's vector loops are compiled: a small model answers at once with plain loops and changes over in the
 * background; with a large one plain loops would be too slow for a single token, so the node is ready only afterwards.
 */
final class LoopWarmup implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LoopWarmup.class);
    private static final long LARGE_BYTES = 256L << 20;

    /** Leaves the cores to whoever starts beside this node, and to the first request. */
    private static final Duration GRACE = Duration.ofSeconds(4);

    private final Thread thread;

    private LoopWarmup(Thread thread) {
        this.thread = thread;
    }

    /** Warms up now or soon, as the size of the model's weights says; not at all if the loops need none. */
    static LoopWarmup of(long weightBytes) {
        if (!KernelWarmup.needed() || weightBytes >= LARGE_BYTES) {
            warmUp();
            return new LoopWarmup(
                    Thread.ofPlatform().daemon().name("loop-warmup").unstarted(() -> {}));
        }
        return new LoopWarmup(Thread.ofPlatform().daemon().name("loop-warmup").start(() -> {
            try {
                Thread.sleep(GRACE);
                warmUp();
            } catch (InterruptedException e) {
                LOG.debug("the node stops before its loops are warm");
            }
        }));
    }

    private static void warmUp() {
        if (!KernelWarmup.needed()) {
            return;
        }
        long millis = KernelWarmup.warmUp();
        LOG.info("vector loops are compiled, after {} ms", millis);
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
