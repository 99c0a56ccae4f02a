package io.yuebing.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.kv.KvAxis;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/** Copies announced blocks at once into another engine's reserved ones, insisting on the order of announcements. */
final class CopyingSink implements KvSink {
    private final Engine from;
    private final Engine to;
    private final int[] target;
    /** For each layer of the cache the blocks announced. */
    private final BitSet[] announced;

    private final List<String> calls = new ArrayList<>();
    /** Completed with the hold, or cancelled if the sink was aborted before. */
    private final CompletableFuture<BlockHold> hold = new CompletableFuture<>();

    CopyingSink(Engine from, Engine to, BlockReservation target) {
        this.from = from;
        this.to = to;
        this.target = target.blockIds();
        announced = Stream.generate(BitSet::new)
                .limit(from.cache().layout().size(KvAxis.LAYER))
                .toArray(BitSet[]::new);
    }

    @Override
    public void layerWritten(int layer, int[] blockIds, int fromBlock, int toBlock) {
        assertThat(blockIds).hasSameSizeAs(target);
        assertThat(toBlock).isBetween(fromBlock + 1, blockIds.length);
        assertThat(announced[layer].get(fromBlock, toBlock).isEmpty())
                .as("each block comes once")
                .isTrue();
        announced[layer].set(fromBlock, toBlock);
        for (int i = fromBlock; i < toBlock; i++) {
            to.cache().block(layer, target[i]).copyFrom(from.cache().block(layer, blockIds[i]));
        }
        calls.add(layer + ": " + fromBlock + ".." + toBlock);
    }

    @Override
    public void promptWritten(BlockHold open) {
        assertThat(announced).allMatch(blocks -> blocks.cardinality() == target.length);
        assertThat(open.blockIds()).hasSize(target.length);
        hold.complete(open);
    }

    @Override
    public void aborted() {
        calls.add("aborted");
        hold.cancel(false);
    }

    List<String> calls() {
        return calls;
    }

    CompletableFuture<BlockHold> hold() {
        return hold;
    }

    @Override
    public String toString() {
        return calls + " " + Arrays.toString(announced);
    }
}
