package io.yuebing.connector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.yuebing.engine.BlockReservation;
import io.yuebing.engine.KvPrefix;
import io.yuebing.kv.ElementType;
import io.yuebing.kv.KvAxis;
import io.yuebing.kv.KvCache;
import io.yuebing.kv.KvLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** A cache with its free blocks, handed out in random order. */
final class TestCache implements BlockSource, AutoCloseable {
    static final int LAYERS = 3;
    static final int BLOCK_SIZE = 4;
    static final byte SENTINEL = 0x5a;

    final KvCache cache;
    private final Arena arena = Arena.ofShared();
    private final List<Integer> free = new ArrayList<>();
    private final Random random;
    private int cached;

    TestCache(int blocks, long seed) {
        this(blocks, seed, ElementType.F32);
    }

    TestCache(int blocks, long seed, ElementType type) {
        KvLayout layout = KvLayout.nativeLayout(LAYERS, blocks, 2, BLOCK_SIZE, 8, type, "model-x");
        cache = new KvCache(layout, arena.allocate(layout.byteSize(), 64));
        cache.memory().fill(SENTINEL);
        random = new Random(seed);
        for (int i = 0; i < blocks; i++) {
            free.add(i);
        }
        Collections.shuffle(free, random);
    }

    @Override
    public BlockReservation reserve(KvPrefix prefix, Duration patience) {
        int[] ids = take(Math.ceilDiv(prefix.tokens().length, BLOCK_SIZE));
        return new BlockReservation(ids, cached, prefix.tokens().length, _ -> giveBack(ids));
    }

    /** Some tokens, so many. */
    static KvPrefix prefix(int tokens) {
        return new KvPrefix(new int[tokens], Optional.empty());
    }

    /** From now on so many leading blocks of a reservation count as filled. */
    void cached(int blocks) {
        cached = blocks;
    }

    synchronized int[] take(int blocks) {
        int[] ids = new int[blocks];
        for (int i = 0; i < blocks; i++) {
            ids[i] = free.removeLast();
        }
        return ids;
    }

    /** Marks the blocks, so that a write which comes later shows. */
    synchronized void giveBack(int[] ids) {
        for (int id : ids) {
            for (int layer = 0; layer < LAYERS; layer++) {
                cache.block(layer, id).fill(SENTINEL);
            }
            free.add(id);
        }
        Collections.shuffle(free, random);
    }

    synchronized int free() {
        return free.size();
    }

    int blocks() {
        return cache.layout().size(KvAxis.BLOCK);
    }

    synchronized boolean freeBlocksAreUntouched() {
        return free.stream().allMatch(this::isUntouched);
    }

    boolean isUntouched(int id) {
        for (int layer = 0; layer < LAYERS; layer++) {
            MemorySegment block = cache.block(layer, id);
            for (long i = 0; i < block.byteSize(); i++) {
                if (block.get(ValueLayout.JAVA_BYTE, i) != SENTINEL) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Computes a block as a prefill would. */
    void compute(int layer, int block, long seed) {
        Random values = new Random(seed * 31 + layer);
        MemorySegment memory = cache.block(layer, block);
        for (long i = 0; i < memory.byteSize(); i++) {
            memory.set(ValueLayout.JAVA_BYTE, i, (byte) values.nextInt());
        }
    }

    /** Normally distributed numbers in all layers of an f32 cache's block. */
    void fillWithNumbers(int block, long seed) {
        Random values = new Random(seed);
        for (int layer = 0; layer < LAYERS; layer++) {
            MemorySegment memory = cache.block(layer, block);
            for (long i = 0; i < memory.byteSize() / Float.BYTES; i++) {
                memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) values.nextGaussian());
            }
        }
    }

    /** Normally distributed numbers in all layers of a bf16 cache's block. */
    void fillWithHalves(int block, long seed) {
        Random values = new Random(seed);
        for (int layer = 0; layer < LAYERS; layer++) {
            MemorySegment memory = cache.block(layer, block);
            for (long i = 0; i < memory.byteSize() / Short.BYTES; i++) {
                int bits = Float.floatToRawIntBits((float) values.nextGaussian());
                memory.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (bits >>> 16));
            }
        }
    }

    /** What a bf16 cache's blocks hold here, the blocks of an f32 cache hold there. */
    void assertWidened(int[] mine, TestCache other, int[] theirs) {
        for (int i = 0; i < mine.length; i++) {
            for (int layer = 0; layer < LAYERS; layer++) {
                short[] here = cache.block(layer, mine[i]).toArray(ValueLayout.JAVA_SHORT);
                int[] there = other.cache.block(layer, theirs[i]).toArray(ValueLayout.JAVA_INT);
                assertThat(there).hasSameSizeAs(here);
                for (int at = 0; at < here.length; at++) {
                    assertThat(there[at])
                            .as("block %d, layer %d, element %d", i, layer, at)
                            .isEqualTo(here[at] << 16);
                }
            }
        }
    }

    /** Each row there differs from the one here by at most half of its largest magnitude's 127th part. */
    void assertRounded(int mine, TestCache other, int theirs) {
        int row = cache.layout().headSize();
        for (int layer = 0; layer < LAYERS; layer++) {
            float[] here = cache.block(layer, mine).toArray(ValueLayout.JAVA_FLOAT);
            float[] there = other.cache.block(layer, theirs).toArray(ValueLayout.JAVA_FLOAT);
            for (int at = 0; at < here.length; at += row) {
                float largest = 0;
                for (int i = at; i < at + row; i++) {
                    largest = Math.max(largest, Math.abs(here[i]));
                }
                for (int i = at; i < at + row; i++) {
                    assertThat(there[i])
                            .as("layer %d, element %d", layer, i)
                            .isCloseTo(here[i], within(largest / 254 * 1.001f));
                }
            }
        }
    }

    boolean sameContent(int[] mine, TestCache other, int[] theirs) {
        for (int i = 0; i < mine.length; i++) {
            for (int layer = 0; layer < LAYERS; layer++) {
                if (cache.block(layer, mine[i]).mismatch(other.cache.block(layer, theirs[i])) >= 0) {
                    return false;
                }
            }
        }
        return true;
    }

    @Override
    public void close() {
        arena.close();
    }
}
