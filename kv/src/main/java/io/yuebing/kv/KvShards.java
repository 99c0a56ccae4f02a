package io.yuebing.kv;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * Carries a cache that is sharded over tensor-parallel ranks or pipeline stages to ranks and stages of another number.
 *
 * <p>Each layer and head of a target is read from the first source that holds it; replicated heads are the same bytes.
 */
public final class KvShards {
    private final List<Step> steps;
    private final long uncovered;

    /** One source's part of one target. */
    private record Step(int from, int to, KvConversion conversion) {}

    private KvShards(List<Step> steps, long uncovered) {
        this.steps = List.copyOf(steps);
        this.uncovered = uncovered;
    }

    /**
     * The conversions that fill every target.
     *
     * @throws IllegalArgumentException if a pair does not convert, or a target finds no source
     */
    public static KvShards between(List<KvLayout> from, List<KvLayout> to, Rounding rounding) {
        List<Step> steps = new ArrayList<>();
        long uncovered = 0;
        for (int j = 0; j < to.size(); j++) {
            KvLayout target = to.get(j);
            boolean[][] covered =
                    new boolean[target.layers().size()][target.heads().size()];
            for (int i = 0; i < from.size(); i++) {
                if (KvConversion.refusal(from.get(i), target, rounding).isEmpty()) {
                    KvConversion conversion = KvConversion.between(from.get(i), target, rounding);
                    if (cover(covered, target, conversion)) {
                        steps.add(new Step(i, j, conversion));
                    }
                }
            }
            uncovered += uncovered(covered);
        }
        return new KvShards(steps, uncovered);
    }

    /** Why a target gets nothing, or shards do not hold the same cache: which of each, and the field. */
    public record Refusal(int from, int to, KvDifference difference) {}

    /** The first pair that does not fit; shards without common heads or layers fit if another source has them. */
    public static Optional<Refusal> refusal(List<KvLayout> from, List<KvLayout> to, Rounding rounding) {
        for (int j = 0; j < to.size(); j++) {
            Optional<Refusal> apart = Optional.empty();
            boolean met = false;
            for (int i = 0; i < from.size(); i++) {
                Optional<KvDifference> difference = KvConversion.refusal(from.get(i), to.get(j), rounding);
                met |= difference.isEmpty();
                if (difference.isPresent()) {
                    Refusal refusal = new Refusal(i, j, difference.orElseThrow());
                    if (!ConversionRules.isApart(refusal.difference())) {
                        return Optional.of(refusal);
                    }
                    apart = apart.isPresent() ? apart : Optional.of(refusal);
                }
            }
            if (!met) {
                return apart;
            }
        }
        return Optional.empty();
    }

    private static boolean cover(boolean[][] covered, KvLayout target, KvConversion conversion) {
        boolean more = false;
        for (int layer = conversion.layers().from(); layer < conversion.layers().to(); layer++) {
            for (int head = conversion.heads().from(); head < conversion.heads().to(); head++) {
                boolean[] heads = covered[layer - target.layers().from()];
                more |= !heads[head - target.heads().from()];
                heads[head - target.heads().from()] = true;
            }
        }
        return more;
    }

    private static long uncovered(boolean[][] covered) {
        long count = 0;
        for (boolean[] heads : covered) {
            for (boolean is : heads) {
                count += is ? 0 : 1;
            }
        }
        return count;
    }

    /** Pairs of layer and head that targets hold and no source does; they stay as they are. */
    public long uncovered() {
        return uncovered;
    }

    /** Bytes that are written for so many tokens. */
    public long bytes(int tokens) {
        return steps.stream().mapToLong(step -> step.conversion().bytes(tokens)).sum();
    }

    /**
     * Converts the first {@code tokens} tokens of a sequence.
     *
     * @param progress hears of the bytes that are written, some at a time
     */
    public void convert(
            List<KvTensors> from,
            int[] fromBlocks,
            List<KvTensors> to,
            int[] toBlocks,
            int tokens,
            LongConsumer progress) {
        for (Step step : steps) {
            KvConversion conversion = step.conversion();
            conversion.convert(
                    conversion.layers(),
                    from.get(step.from()),
                    fromBlocks,
                    to.get(step.to()),
                    toBlocks,
                    0,
                    tokens,
                    done -> progress.accept(conversion.bytes((int) done)));
        }
    }
}
