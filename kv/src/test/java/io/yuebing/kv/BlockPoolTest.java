package io.yuebing.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BlockPoolTest {
    private static final PrefixHash ROOT = PrefixHash.root("0");

    private final BlockPool pool = new BlockPool(4, 2);

    @Test
    void everyBlockIsHandedOutOnce() {
        assertThat(List.of(pool.allocate(), pool.allocate(), pool.allocate(), pool.allocate()))
                .containsExactlyInAnyOrder(0, 1, 2, 3);
        assertThat(pool.available()).isZero();
        assertThatThrownBy(pool::allocate).hasMessage("all 4 KV blocks are in use");
    }

    @Test
    void releasedContentIsFoundUntilTheBlockIsReused() {
        int block = filled(pool, 7, 8);
        pool.release(block);
        assertThat(pool.cached()).isEqualTo(1);
        assertThat(find(7, 8)).isEqualTo(block);

        for (int i = 0; i < 3; i++) {
            assertThat(pool.allocate()).as("empty blocks go first").isNotEqualTo(block);
        }
        assertThat(find(7, 8)).isEqualTo(block);
        assertThat(pool.allocate()).isEqualTo(block);
        assertThat(find(7, 8)).isEqualTo(BlockPool.NOT_FOUND);
    }

    @Test
    void theLongestUnusedContentIsForgottenFirst() {
        int[] blocks = {filled(pool, 1, 1), filled(pool, 2, 2), filled(pool, 3, 3), filled(pool, 4, 4)};
        for (int i : new int[] {2, 0, 3, 1}) {
            pool.release(blocks[i]);
        }
        pool.retain(blocks[0]);
        pool.release(blocks[0]);
        assertThat(List.of(pool.allocate(), pool.allocate(), pool.allocate(), pool.allocate()))
                .containsExactly(blocks[2], blocks[3], blocks[1], blocks[0]);
    }

    @Test
    void theTailOfASequenceIsForgottenBeforeItsBeginning() {
        BlockTables tables = new BlockTables(1);
        BlockTable table = tables.of(0);
        table.append(filled(pool, 1, 1));
        table.append(filled(pool, 2, 2));
        int first = table.get(0);
        pool.releaseAll(tables);
        pool.allocate();
        pool.allocate();
        pool.allocate();
        assertThat(find(2, 2)).isEqualTo(BlockPool.NOT_FOUND);
        assertThat(find(1, 1)).isEqualTo(first);
        assertThat(table.size()).isZero();
    }

    @Test
    void sharedBlocksStayUsedUntilTheLastHolderLeaves() {
        int block = filled(pool, 1, 2);
        pool.retain(block);
        pool.release(block);
        assertThat(pool.used()).isEqualTo(1);
        pool.release(block);
        assertThat(pool.used()).isZero();
        assertThatThrownBy(() -> pool.release(block))
                .hasMessage("KV block " + block + " is released more often than it was taken");
    }

    @Test
    void theFirstOfTwoEqualBlocksStaysFindable() {
        int first = filled(pool, 5, 6);
        int second = filled(pool, 5, 6);
        assertThat(find(5, 6)).isEqualTo(first);
        pool.release(second);
        assertThat(pool.free()).as("the copy has no name and is empty at once").isEqualTo(3);
        assertThat(pool.check(1)).isEmpty();
    }

    @Test
    void aHashWithOtherTokensIsNoHit() {
        int block = pool.allocate();
        PrefixHash hash = ROOT.child(new int[] {1, 2}, 0, 2, List.of());
        pool.register(block, hash, new int[] {1, 2}, 0);
        assertThat(pool.find(hash, new int[] {1, 3}, 0)).isEqualTo(BlockPool.NOT_FOUND);
        assertThat(pool.find(hash, new int[] {9, 1, 2}, 1)).isEqualTo(block);
    }

    @Test
    void freeBlocksHaveNoContentToRetain() {
        assertThatThrownBy(() -> pool.retain(0)).hasMessageStartingWith("KV block 0 is free");
    }

    @Test
    void lostAndInventedClaimsAreNoticed() {
        pool.allocate();
        assertThat(pool.check(1)).isEmpty();
        assertThat(pool.check(0))
                .hasValue("KV blocks are claimed 1 times (1 by the running count), their holders know of 0 claims");
    }

    @Test
    void countsAddUpThroughAnyHistory() {
        long seed = 20260701;
        Random random = new Random(seed);
        BlockPool large = new BlockPool(24, 2);
        List<Integer> claims = new ArrayList<>();
        for (int step = 0; step < 5_000; step++) {
            int a = random.nextInt(6);
            int b = random.nextInt(6);
            switch (random.nextInt(4)) {
                case 0, 1 -> {
                    if (large.available() > 0) {
                        claims.add(random.nextBoolean() ? filled(large, a, b) : large.allocate());
                    }
                }
                case 2 -> {
                    int hit = large.find(hash(a, b), new int[] {a, b}, 0);
                    if (hit != BlockPool.NOT_FOUND) {
                        large.retain(hit);
                        claims.add(hit);
                    }
                }
                default -> {
                    if (!claims.isEmpty()) {
                        large.release(claims.remove(random.nextInt(claims.size())));
                    }
                }
            }
            assertThat(large.check(claims.size()))
                    .as("seed %d, step %d", seed, step)
                    .isEmpty();
            assertThat(large.free() + large.cached() + large.used()).isEqualTo(24);
        }
    }

    @Test
    void blocksForRoundsUp() {
        assertThat(BlockTable.blocksFor(0, 16)).isZero();
        assertThat(BlockTable.blocksFor(1, 16)).isEqualTo(1);
        assertThat(BlockTable.blocksFor(16, 16)).isEqualTo(1);
        assertThat(BlockTable.blocksFor(17, 16)).isEqualTo(2);
    }

    private int find(int a, int b) {
        return pool.find(hash(a, b), new int[] {a, b}, 0);
    }

    private static int filled(BlockPool pool, int a, int b) {
        int block = pool.allocate();
        pool.register(block, hash(a, b), new int[] {a, b}, 0);
        return block;
    }

    private static PrefixHash hash(int a, int b) {
        return ROOT.child(new int[] {a, b}, 0, 2, List.of());
    }
}
