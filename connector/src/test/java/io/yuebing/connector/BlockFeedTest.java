package io.yuebing.connector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.yuebing.api.KvTransferParams;
import io.yuebing.kv.ElementType;
import io.yuebing.kv.KvCache;
import io.yuebing.kv.KvLayout;
import io.yuebing.kv.KvRows;
import io.yuebing.kv.KvSide;
import io.yuebing.kv.KvTensors;
import io.yuebing.kv.KvTransferType;
import io.yuebing.transfer.Payload;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Blocks that are cut anew for the receiver, and rounded on the same way. */
class BlockFeedTest {
    private static final int LAYERS = 2;
    private static final int HEADS = 2;
    private static final int HEAD_SIZE = 8;

    @Test
    void codesForBlocksOfAnotherSizeHoldTheRowsOfThePrompt() throws Exception {
        for (int seed = 0; seed < 30; seed++) {
            Random random = new Random(seed);
            int tokens = 1 + random.nextInt(200);
            try (Arena arena = Arena.ofConfined()) {
                KvCache from = cache(arena, 1 + random.nextInt(20), tokens, random);
                KvCache to = cache(arena, 1 + random.nextInt(20), tokens, random);
                List<Integer> mine = shuffled(from, random);
                List<Integer> theirs = shuffled(to, random);
                KvConversions conversions = new KvConversions();
                send(from, mine, to, theirs, tokens, conversions);
                assertSameRows("seed " + seed, from, mine, to, theirs, tokens);
                assertThat(conversions.bytes(KvConversions.Reason.INT8))
                        .as("seed %d", seed)
                        .isPositive();
            }
        }
    }

    private static KvCache cache(Arena arena, int blockSize, int tokens, Random random) {
        KvLayout layout = KvLayout.nativeLayout(
                LAYERS, Math.ceilDiv(tokens, blockSize), HEADS, blockSize, HEAD_SIZE, ElementType.F32, "model");
        KvCache cache = new KvCache(layout, arena.allocate(layout.byteSize(), 64));
        for (long i = 0; i < layout.byteSize() / Float.BYTES; i++) {
            cache.memory().setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
        }
        return cache;
    }

    private static List<Integer> shuffled(KvCache cache, Random random) {
        List<Integer> blocks = new ArrayList<>(
                IntStream.range(0, cache.layout().blocks()).boxed().toList());
        Collections.shuffle(blocks, random);
        return blocks;
    }

    private static void send(
            KvCache from, List<Integer> mine, KvCache to, List<Integer> theirs, int tokens, KvConversions conversions)
            throws Exception {
        KvTransferParams target = new KvTransferParams(true, false, "id", 1, "host", 1, theirs, 0, 0);
        TravellingBlocks travelling = new TravellingBlocks(to.layout(), KvTransferType.INT8, conversions);
        int[] local = mine.stream().mapToInt(Integer::intValue).toArray();
        try (BlockFeed feed = new BlockFeed(from, to.layout(), target, KvTransferType.INT8, conversions)) {
            List<BlockFeed.Piece> pieces = new ArrayList<>();
            for (int layer = 0; layer < LAYERS; layer++) {
                pieces.addAll(feed.written(layer, 0, local));
            }
            pieces.addAll(feed.complete(tokens));
            for (BlockFeed.Piece piece : pieces) {
                BlockFeed.Blocks blocks = feed.blocks(piece);
                for (int i = 0; i < piece.count(); i++) {
                    int block = theirs.get(piece.first() + i);
                    travelling.put(
                            Payload.of(blocks.bytes().get(i)),
                            to.memory(),
                            to.layout().blockOffset(piece.layer(), block));
                }
                feed.giveBack(blocks);
            }
        }
    }

    private static void assertSameRows(
            String as, KvCache from, List<Integer> mine, KvCache to, List<Integer> theirs, int tokens) {
        KvRows sent = new KvRows(KvTensors.of(from));
        KvRows arrived = new KvRows(KvTensors.of(to));
        float[] expected = new float[HEAD_SIZE];
        float[] row = new float[HEAD_SIZE];
        for (int i = 0; i < tokens * LAYERS * HEADS * 2; i++) {
            int token = i % tokens;
            int layer = i / tokens % LAYERS;
            int head = i / tokens / LAYERS % HEADS;
            KvSide side = i / tokens / LAYERS / HEADS == 0 ? KvSide.KEY : KvSide.VALUE;
            int size = from.layout().blockSize();
            sent.read(layer, side, mine.get(token / size), head, token % size, expected);
            size = to.layout().blockSize();
            arrived.read(layer, side, theirs.get(token / size), head, token % size, row);
            float largest = 0;
            for (float value : expected) {
                largest = Math.max(largest, Math.abs(value));
            }
            assertThat(row)
                    .as("%s: layer %d, %s, head %d, token %d", as, layer, side, head, token)
                    .containsExactly(expected, within(largest / 254 * 1.001f));
        }
    }
}
