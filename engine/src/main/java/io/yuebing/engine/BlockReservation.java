package io.yuebing.engine;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * KV blocks with a place in the batch, kept for a sequence whose prompt is being computed elsewhere.
 *
 * <p>Ends when {@link Engine#resume} takes the blocks over or when it is closed, whichever comes first.
 */
public final class BlockReservation implements AutoCloseable {
    private final int[] blockIds;
    private final int cachedBlocks;
    private final int tokens;
    private final Consumer<BlockReservation> onClose;
    private final AtomicBoolean ended = new AtomicBoolean();

    /**
     * A reservation of somebody who owns the blocks.
     *
     * @param cachedBlocks leading blocks that have their content already
     * @param onClose told once, unless the blocks are taken over
     */
    public BlockReservation(int[] blockIds, int cachedBlocks, int tokens, Consumer<BlockReservation> onClose) {
        this.blockIds = blockIds;
        this.cachedBlocks = cachedBlocks;
        this.tokens = tokens;
        this.onClose = onClose;
    }

    /** The blocks in order; enough for {@link #tokens()} tokens. */
    public int[] blockIds() {
        return blockIds.clone();
    }

    /** Leading blocks that came from the prefix cache: others read them too, so nobody may write to them. */
    public int cachedBlocks() {
        return cachedBlocks;
    }

    public int tokens() {
        return tokens;
    }

    /** Number of blocks. */
    int size() {
        return blockIds.length;
    }

    /** Ends the reservation for a sequence that takes its blocks over; false if it has ended already. */
    boolean take() {
        return ended.compareAndSet(false, true);
    }

    /** Gives the blocks back. Any thread; does nothing if the reservation has ended. */
    @Override
    public void close() {
        if (take()) {
            onClose.accept(this);
        }
    }
}
