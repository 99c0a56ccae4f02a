package io.yuebing.kv;

import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** What makes the fields of a {@link KvLayout} a layout: each element in exactly one place, no number too large. */
final class LayoutRules {
    private final String name;
    private final List<KvAxis> axes;
    private final List<Integer> sizes;
    private final List<Long> strides;

    private LayoutRules(String name, List<KvAxis> axes, List<Integer> sizes, List<Long> strides) {
        this.name = name;
        this.axes = axes;
        this.sizes = sizes;
        this.strides = strides;
    }

    /** @throws IllegalArgumentException that names the field, expected and found */
    static void check(
            String name,
            List<KvAxis> axes,
            List<Integer> sizes,
            List<Long> strides,
            long offset,
            int separate,
            ElementType elementType,
            @Nullable KvScales scales,
            KvHolding holding,
            Range heads,
            Range layers) {
        LayoutRules rules = new LayoutRules(name, axes, sizes, strides);
        rules.positive(offset, separate);
        rules.axesOf(holding);
        rules.count(KvAxis.LAYER, layers, "layers");
        rules.count(KvAxis.HEAD, heads, "KV heads");
        rules.disjoint(offset, separate, elementType);
        if (holding == KvHolding.X_PACKED) {
            rules.xPacked(elementType);
        }
        if (scales != null && separate > 0) {
            throw rules.refused("scales beside separate tensors are not supported");
        }
        if (scales != null && elementType.bytes() > 1) {
            throw rules.refused("scales belong to int8 and fp8 elements, not to " + elementType.wireName());
        }
    }

    private void positive(long offset, int separate) {
        if (axes.size() != sizes.size() || axes.size() != strides.size()) {
            throw refused(axes.size() + " axes, " + sizes.size() + " sizes and " + strides.size()
                    + " strides; expected the same number of each");
        }
        if (offset < 0) {
            throw refused("offset " + offset + " is negative");
        }
        if (separate < 0
                || separate >= axes.size()
                || axes.subList(0, separate).stream().anyMatch(a -> a != KvAxis.LAYER && a != KvAxis.KV)) {
            throw refused("only LAYER and KV may be separate, as the outermost axes; found the first " + separate
                    + " of " + axes);
        }
        for (int i = 0; i < sizes.size(); i++) {
            boolean wrongStride = i < separate ? strides.get(i) != 0 : strides.get(i) <= 0;
            if (sizes.get(i) <= 0 || wrongStride) {
                throw refused("axis " + axes.get(i) + " has size " + sizes.get(i) + " and stride " + strides.get(i)
                        + (i < separate ? "; a separate axis has stride 0" : "; both must be positive"));
            }
        }
    }

    private void axesOf(KvHolding holding) {
        for (KvAxis axis : KvAxis.values()) {
            int expected = axis == KvAxis.CHANNEL && holding == KvHolding.X_PACKED ? 2 : 1;
            int found = Collections.frequency(axes, axis);
            if (found > expected) {
                throw refused("an axis stands twice in " + axes + ": " + axis);
            }
            if (axis == KvAxis.CHANNEL && found < expected) {
                throw refused("holding " + holding + " needs axis CHANNEL " + (expected == 2 ? "twice" : "once")
                        + ", found " + axes);
            }
        }
        if (!axes.contains(KvAxis.BLOCK) || !axes.contains(KvAxis.TOKEN)) {
            throw refused("axes BLOCK and TOKEN are needed, found " + axes);
        }
        boolean split = holding == KvHolding.SPLIT_AXIS || holding == KvHolding.X_PACKED;
        if (split != axes.contains(KvAxis.KV)) {
            throw refused("holding " + holding + (split ? " needs" : " has no") + " axis KV, found " + axes);
        }
        if (split && size(KvAxis.KV) != 2) {
            throw refused("axis KV has size " + size(KvAxis.KV) + "; expected 2");
        }
        if (holding == KvHolding.PACKED && size(KvAxis.CHANNEL) % 2 != 0) {
            throw refused("axis CHANNEL has size " + size(KvAxis.CHANNEL) + "; key and value need an even one");
        }
        if (holding == KvHolding.LATENT && axes.contains(KvAxis.HEAD) && size(KvAxis.HEAD) != 1) {
            throw refused("axis HEAD has size " + size(KvAxis.HEAD) + "; latent rows have one head");
        }
    }

    private void count(KvAxis axis, Range range, String what) {
        int size = axes.contains(axis) ? size(axis) : 1;
        if (range.size() != size) {
            throw refused("axis " + axis + " has size " + size + ", but the " + what + " are " + range);
        }
    }

    /** From the smallest stride up, each axis steps over everything that the ones before it span. */
    private void disjoint(long offset, int separate, ElementType elementType) {
        List<Integer> order = IntStream.range(separate, axes.size())
                .boxed()
                .filter(i -> sizes.get(i) > 1)
                .sorted(Comparator.comparing(strides::get))
                .toList();
        long span = elementType.bytes();
        try {
            Math.addExact(offset, 0);
            for (int i : order) {
                if (strides.get(i) < span) {
                    throw refused("axis " + axes.get(i) + " has stride " + strides.get(i)
                            + ", but the axes within it span " + span + " bytes: elements would overlap");
                }
                span = Math.addExact(span, Math.multiplyExact(strides.get(i), sizes.get(i) - 1L));
            }
            for (int i = separate; i < axes.size(); i++) {
                Math.addExact(offset, Math.multiplyExact(strides.get(i), (long) sizes.get(i)));
            }
            Math.addExact(offset, span);
            long elements = 1;
            for (int size : sizes) {
                elements = Math.multiplyExact(elements, (long) size);
            }
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException(
                    "KV layout '" + name + "': sizes " + sizes + " with strides " + strides + " overflow 63 bits", e);
        }
    }

    private void xPacked(ElementType elementType) {
        int inner = axes.lastIndexOf(KvAxis.CHANNEL);
        int outer = axes.indexOf(KvAxis.CHANNEL);
        int x = sizes.get(inner);
        long es = elementType.bytes();
        long token = strides.get(axes.indexOf(KvAxis.TOKEN));
        if (Integer.bitCount(x) != 1) {
            throw refused("x is " + x + "; expected a power of two");
        }
        boolean tokenFits = size(KvAxis.TOKEN) == 1 || token == x * es;
        boolean outerFits = sizes.get(outer) == 1 || strides.get(outer) == size(KvAxis.TOKEN) * x * es;
        if (strides.get(inner) != es || !tokenFits || !outerFits) {
            throw refused("an x-packed head is dense: [channel / x][token][x] with strides "
                    + size(KvAxis.TOKEN) * x * es + ", " + x * es + ", " + es + "; found " + axes + " with strides "
                    + strides);
        }
    }

    private int size(KvAxis axis) {
        int size = 1;
        for (int i = 0; i < axes.size(); i++) {
            if (axes.get(i) == axis) {
                size *= sizes.get(i);
            }
        }
        return size;
    }

    private IllegalArgumentException refused(String why) {
        return new IllegalArgumentException("KV layout '" + name + "': " + why);
    }
}
