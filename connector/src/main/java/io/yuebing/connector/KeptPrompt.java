package io.yuebing.connector;

import io.yuebing.api.KvPull;
import io.yuebing.engine.BlockHold;
import io.yuebing.engine.KvSink;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A prompt that stays in the cache for somebody who pulls it, however its own stream ends. */
public final class KeptPrompt implements KvSink {
    private final KvLeases leases;
    private final String name;
    private final Function<int[], KvPull> address;
    private volatile @Nullable KvPull kept;

    /**
     * @param name unique per prompt
     * @param address where the blocks are pulled from
     */
    KeptPrompt(KvLeases leases, String name, Function<int[], KvPull> address) {
        this.leases = leases;
        this.name = name;
        this.address = address;
    }

    /** The ticket that reads of a kept prompt carry. */
    static UUID ticket(String name) {
        return UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8));
    }

    /** Where the prompt is; empty if it is not computed, or ended without anything to continue. */
    public Optional<KvPull> kept() {
        return Optional.ofNullable(kept);
    }

    @Override
    public void layerWritten(int layer, int[] blockIds, int fromBlock, int toBlock) {
        // nobody reads before the prompt is complete
    }

    @Override
    public void promptWritten(BlockHold hold) {
        leases.open(ticket(name), hold);
        kept = address.apply(hold.blockIds());
    }

    /** Who pulls computes the last token again, whose logits nobody keeps. */
    @Override
    public int computedAgain() {
        return 1;
    }

    @Override
    public boolean outlivesStream() {
        return true;
    }

    @Override
    public void aborted() {
        // nothing is kept yet
    }

    @Override
    public String toString() {
        KvPull where = kept;
        return name
                + (where == null
                        ? " (not computed)"
                        : " in blocks " + Arrays.toString(where.blockIds().toArray()));
    }
}
