package io.yuebing.kv;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LayerGroupTest {

    @Test
    void layersThatAreAllAlikeAreOneGroup() {
        assertThat(LayerGroup.all(3)).containsExactly(new LayerGroup(0, List.of(0, 1, 2)));
        assertThat(LayerGroup.of(List.of(9, 9))).containsExactly(new LayerGroup(9, List.of(0, 1)));
    }

    @Test
    void groupsHaveOneWindowAndEquallyManyLayers() {
        assertThat(LayerGroup.of(List.of(9, 9, 0, 9, 9, 0)))
                .containsExactly(
                        new LayerGroup(9, List.of(0, 1)),
                        new LayerGroup(9, List.of(3, 4)),
                        new LayerGroup(0, List.of(2, 5)));
        List<Integer> gemma = IntStream.range(0, 62)
                .mapToObj(layer -> (layer + 1) % 6 == 0 ? 0 : 1024)
                .toList();
        assertThat(LayerGroup.of(gemma))
                .hasSize(26 + 5)
                .allMatch(group -> group.layers().size() == 2);
    }

    @Test
    void everyLayerIsInOneGroupOfItsWindow() {
        for (int seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            List<Integer> windows = random.ints(1 + random.nextInt(40), 0, 1 + random.nextInt(4))
                    .boxed()
                    .toList();
            List<LayerGroup> groups = LayerGroup.of(windows);
            List<Integer> layers =
                    groups.stream().flatMap(group -> group.layers().stream()).toList();
            assertThat(layers).as("seed %d", seed).hasSize(windows.size()).doesNotHaveDuplicates();
            for (LayerGroup group : groups) {
                assertThat(group.layers())
                        .as("seed %d", seed)
                        .hasSize(layers.size() / groups.size())
                        .isSorted();
                assertThat(group.layers().stream().map(windows::get)).containsOnly(group.window());
            }
        }
    }

    @Test
    void stepsOfASequenceFitIntoTheMostBlocks() {
        for (int seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            int blockSize = 1 + random.nextInt(20);
            int step = 1 + random.nextInt(60);
            LayerGroup group = new LayerGroup(random.nextInt(100), Collections.nCopies(1, 0));
            int length = 1 + random.nextInt(500);
            int most = group.mostBlocks(length, step, blockSize);
            for (int from = 0; from < length; ) {
                int to = Math.min(length, from + 1 + random.nextInt(step));
                int held = BlockTable.blocksFor(to, blockSize) - group.firstBlock(from, blockSize);
                assertThat(held).as("seed %d, tokens %d to %d", seed, from, to).isLessThanOrEqualTo(most);
                from = to;
            }
        }
    }
}
