package io.yuebing.kv;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.kv.LayoutFormulas.Case;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Every layout to every layout, element by element, against the formulas of {@link LayoutFormulas}. */
class KvConversionTest {
    private static final byte UNTOUCHED = 0x5A;

    /** What the two caches of a conversion hold. */
    private record Sides(KvShape from, KvShape to, int tokens, int[] fromBlocks, int[] toBlocks) {}

    @Test
    void everyPairOfLayoutsConvertsExactlyAndLeavesTheRestUntouched() {
        for (int seed = 0; seed < 6; seed++) {
            Random random = new Random(seed);
            Sides sides = sides(random, seed == 0 ? 600 : 1 + random.nextInt(40), seed);
            for (Case from : cases(sides.from(), random)) {
                for (Case to : cases(sides.to(), random)) {
                    convertAndCompare(sides, from, to, "seed " + seed);
                }
            }
        }
    }

    @Test
    void latentRowsConvertBetweenBlockSizes() {
        for (int seed = 0; seed < 50; seed++) {
            Random random = new Random(seed);
            Sides sides = sides(random, 30, seed);
            Case from = LayoutFormulas.known(KnownLayout.MLA, latent(sides.from()));
            Case to = LayoutFormulas.known(KnownLayout.MLA, latent(sides.to()));
            convertAndCompare(
                    new Sides(
                            latent(sides.from()),
                            latent(sides.to()),
                            sides.tokens(),
                            sides.fromBlocks(),
                            sides.toBlocks()),
                    from,
                    to,
                    "seed " + seed);
        }
    }

    private static KvShape latent(KvShape s) {
        return new KvShape(s.layers(), s.blocks(), s.blockSize(), Range.of(1), s.headSize(), s.elementType());
    }

    private static List<Case> cases(KvShape shape, Random random) {
        List<Case> cases = new ArrayList<>();
        for (KnownLayout known : KnownLayout.values()) {
            if (known != KnownLayout.MLA) {
                cases.add(LayoutFormulas.known(known, shape));
            }
        }
        cases.add(LayoutFormulas.strided(shape, random));
        cases.add(LayoutFormulas.strided(shape, random));
        return cases;
    }

    /** Overlapping layer and head ranges, block sizes that may differ, a last block that is mostly not full. */
    private static Sides sides(Random random, int blocks, int seed) {
        // bytes are moved as they are: one type of each size
        ElementType type =
                List.of(ElementType.F32, ElementType.BF16, ElementType.FP8_E4M3).get(seed % 3);
        int headSize = 16 * (1 + random.nextInt(3));
        int[] sizes = {1, 3, 4, 8, 16, 20};
        boolean equal = random.nextBoolean();
        int fromSize = sizes[random.nextInt(sizes.length)];
        int toSize = equal ? fromSize : sizes[random.nextInt(sizes.length)];
        int layer = random.nextInt(3);
        int head = random.nextInt(3);
        KvShape from = new KvShape(
                new Range(1, 3 + random.nextInt(2)),
                blocks,
                fromSize,
                new Range(1, 3 + random.nextInt(2)),
                headSize,
                type);
        int toBlocks = blocks * fromSize / toSize + 1;
        KvShape to =
                new KvShape(new Range(layer, layer + 2), toBlocks, toSize, new Range(head, head + 2), headSize, type);
        int used = blocks > 100 ? 4 : 1 + random.nextInt(blocks);
        int tokens = Math.max(1, used * fromSize - random.nextInt(fromSize));
        boolean runs = random.nextBoolean();
        return new Sides(
                from,
                to,
                tokens,
                blockIds(random, blocks, Math.ceilDiv(tokens, fromSize), runs),
                blockIds(random, toBlocks, Math.ceilDiv(tokens, toSize), runs));
    }

    /** Distinct block ids; of a large cache the last ones. */
    private static int[] blockIds(Random random, int blocks, int count, boolean runs) {
        int first = blocks - count;
        List<Integer> ids = new ArrayList<>(IntStream.range(blocks > 100 ? Math.min(first, 512) : 0, blocks)
                .boxed()
                .toList());
        if (!runs) {
            Collections.shuffle(ids, random);
        }
        return ids.stream().mapToInt(Integer::intValue).limit(count).toArray();
    }

    private static void convertAndCompare(Sides sides, Case from, Case to, String seed) {
        byte[] source = new byte[Math.toIntExact(from.layout().byteSize())];
        byte[] target = new byte[Math.toIntExact(to.layout().byteSize())];
        Arrays.fill(target, UNTOUCHED);
        byte[] expected = target.clone();
        Range layers = sides.from().layers().common(sides.to().layers()).orElseThrow();
        Range heads = sides.from().heads().common(sides.to().heads()).orElseThrow();
        int sidesHeld = from.layout().planes().size();
        for (int layer = layers.from(); layer < layers.to(); layer++) {
            for (int kv = 0; kv < sidesHeld; kv++) {
                for (int head = heads.from(); head < heads.to(); head++) {
                    for (int position = 0; position < sides.tokens(); position++) {
                        for (int channel = 0; channel < sides.from().headSize(); channel++) {
                            long at = place(from, sides.from(), sides.fromBlocks(), layer, kv, head, position, channel);
                            long goal = place(to, sides.to(), sides.toBlocks(), layer, kv, head, position, channel);
                            int tag = tag(layer, kv, head, position, channel);
                            for (int i = 0; i < sides.from().elementType().bytes(); i++) {
                                source[(int) at + i] = (byte) (tag >>> 8 * i);
                                expected[(int) goal + i] = (byte) (tag >>> 8 * i);
                            }
                        }
                    }
                }
            }
        }
        KvConversion conversion = KvConversion.between(from.layout(), to.layout(), Rounding.REFUSED);
        conversion.convert(
                KvTensors.inOne(from.layout(), MemorySegment.ofArray(source)),
                sides.fromBlocks(),
                KvTensors.inOne(to.layout(), MemorySegment.ofArray(target)),
                sides.toBlocks(),
                sides.tokens());
        assertThat(Arrays.mismatch(target, expected))
                .as("first wrong byte; %s: %s to %s, %s", seed, from, to, sides)
                .isEqualTo(-1);
    }

    private static long place(
            Case where, KvShape shape, int[] blocks, int layer, int kv, int head, int position, int channel) {
        return where.place()
                .of(
                        layer - shape.layers().from(),
                        kv,
                        blocks[position / shape.blockSize()],
                        position % shape.blockSize(),
                        head - shape.heads().from(),
                        channel);
    }

    /** Which element it is, so that a wrong one is never mistaken for the right one; mixed, since types may keep a byte. */
    private static int tag(int layer, int kv, int head, int position, int channel) {
        int packed = ((((layer * 2 + kv) * 8 + head) * 4096 + position) * 64) + channel;
        return packed * 0x9E3779B1;
    }
}
