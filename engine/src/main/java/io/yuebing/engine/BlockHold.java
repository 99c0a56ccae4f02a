package io.yuebing.engine;

import io.yuebing.api.ServiceException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the KV blocks of a computed prompt as they are until their transfer has ended.
 *
 * <p>Ended by {@link #close} or {@link #fail}, whichever comes first, on any thread; later calls do nothing.
 */
@SuppressWarnings("NullAway") // Consumer<@Nullable T> of a lambda
public final class BlockHold implements AutoCloseable {
    private final int[] blockIds;
    private final int tokens;
    private final Consumer<@Nullable ServiceException> onEnd;
    private final AtomicBoolean ended = new AtomicBoolean();

    /**
     * A hold of somebody who owns the blocks.
     *
     * @param onEnd told once: null if the receiver has everything, else why not
     */
    public BlockHold(int[] blockIds, int tokens, Consumer<@Nullable ServiceException> onEnd) {
        this.blockIds = blockIds;
        this.tokens = tokens;
        this.onEnd = onEnd;
    }

    /** The blocks in order. */
    public int[] blockIds() {
        return blockIds.clone();
    }

    /** Tokens whose keys and values are in the blocks. */
    public int tokens() {
        return tokens;
    }

    /** The receiver has everything: gives the blocks back, the stream ends as handed off. */
    @Override
    public void close() {
        end(null);
    }

    /** The transfer failed: gives the blocks back, the stream ends with {@code cause}. */
    public void fail(ServiceException cause) {
        end(cause);
    }

    private void end(@Nullable ServiceException cause) {
        if (ended.compareAndSet(false, true)) {
            onEnd.accept(cause);
        }
    }
}
