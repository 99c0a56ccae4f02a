package io.yuebing.connector;

import io.yuebing.api.KvTransferParams;
import io.yuebing.api.ServiceException;
import io.yuebing.engine.BlockHold;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One prompt of a prefill node as the engine would compute and announce it. */
final class Prefill {
    final int[] blocks;
    final CompletableFuture<Optional<ServiceException>> holdEnded = new CompletableFuture<>();
    final CompletableFuture<ServiceException> failed = new CompletableFuture<>();
    final KvPush push;
    private final TestCache cache;
    private final long seed;

    Prefill(TestCache cache, KvPusher pusher, KvTransferParams target, long seed) {
        this.cache = cache;
        this.seed = seed;
        this.blocks = cache.take(target.remoteBlockIds().size());
        this.push = pusher.sink(target, failed::complete);
    }

    /** Computes and announces blocks {@code from..to - 1} in all layers. */
    void compute(int from, int to) {
        for (int layer = 0; layer < TestCache.LAYERS; layer++) {
            for (int i = from; i < to; i++) {
                cache.compute(layer, blocks[i], seed * 1000 + i);
            }
            push.layerWritten(layer, blocks, from, to);
        }
    }

    void finish() {
        push.promptWritten(new BlockHold(blocks, blocks.length * TestCache.BLOCK_SIZE, this::ended));
    }

    private void ended(@Nullable ServiceException cause) {
        if (cause == null) {
            holdEnded.complete(Optional.empty());
        } else {
            holdEnded.complete(Optional.of(cause));
        }
    }

    /** The whole prompt in chunks of random size. */
    Prefill run() {
        Random random = new Random(seed);
        for (int from = 0; from < blocks.length; ) {
            int to = Math.min(blocks.length, from + 1 + random.nextInt(5));
            compute(from, to);
            from = to;
        }
        finish();
        return this;
    }

    /** Waits until the engine may use the blocks again; what went wrong, if something did. */
    Optional<ServiceException> awaitHold() throws Exception {
        return holdEnded.get(30, TimeUnit.SECONDS);
    }
}
