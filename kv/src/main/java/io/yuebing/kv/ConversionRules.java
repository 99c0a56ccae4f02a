package io.yuebing.kv;

import java.util.Optional;

/** Which KV layouts hold the same thing, and whether converting one to the other keeps every value. */
final class ConversionRules {
    private static final String NONE_IN_COMMON = " (none in common)";

    private ConversionRules() {}

    static Optional<KvDifference> refusal(KvLayout from, KvLayout to, Rounding rounding) {
        return fingerprints(from, to)
                .or(() -> latent(from, to))
                .or(() -> KvDifference.of("head size", from.headSize(), to.headSize()))
                .or(() -> apart("layers" + NONE_IN_COMMON, from.layers(), to.layers()))
                .or(() -> apart("KV heads" + NONE_IN_COMMON, from.heads(), to.heads()))
                .or(() -> scales(from, to))
                .or(() -> rounding == Rounding.ALLOWED || exact(from, to)
                        ? Optional.empty()
                        : Optional.of(new KvDifference("element type (would round)", type(from), type(to))));
    }

    private static Optional<KvDifference> fingerprints(KvLayout from, KvLayout to) {
        return from.fingerprint().isEmpty() || to.fingerprint().isEmpty()
                ? Optional.empty()
                : KvDifference.of("model fingerprint", from.fingerprint(), to.fingerprint());
    }

    private static Optional<KvDifference> latent(KvLayout from, KvLayout to) {
        return (from.holding() == KvHolding.LATENT) == (to.holding() == KvHolding.LATENT)
                ? Optional.empty()
                : KvDifference.of(
                        "holding of keys and values",
                        from.holding().wireName(),
                        to.holding().wireName());
    }

    /** Whether the difference is only that another shard holds the other's layers or heads. */
    static boolean isApart(KvDifference difference) {
        return difference.field().endsWith(NONE_IN_COMMON);
    }

    private static Optional<KvDifference> apart(String field, Range from, Range to) {
        return from.common(to).isPresent()
                ? Optional.empty()
                : Optional.of(new KvDifference(field, from.toString(), to.toString()));
    }

    /** Whether elements change their value's encoding, so that they cannot be copied as bytes. */
    static boolean casts(KvLayout from, KvLayout to) {
        return from.elementType() != to.elementType() || !scalesFit(from, to);
    }

    /** Whether each scale of the source has a place in the target, or neither has scales. */
    private static boolean scalesFit(KvLayout from, KvLayout to) {
        KvScales source = from.scales();
        KvScales target = to.scales();
        if (source == null || target == null) {
            return source == target;
        }
        return source.type().widensTo(target.type())
                && source.axes().stream()
                        .allMatch(axis ->
                                target.axes().contains(axis) || from.rowsAlong(axis) == 1 && to.rowsAlong(axis) == 1);
    }

    private static Optional<KvDifference> scales(KvLayout from, KvLayout to) {
        if (!casts(from, to)) {
            return Optional.empty();
        }
        boolean meaningless = lacksScales(from) || lacksScales(to);
        KvScales target = to.scales();
        boolean unquantisable = target != null && !target.perRow(to);
        return meaningless || unquantisable
                ? Optional.of(new KvDifference(
                        meaningless ? "scales of int8" : "scales (to quantise, each row needs its own)",
                        describe(from),
                        describe(to)))
                : Optional.empty();
    }

    private static boolean lacksScales(KvLayout layout) {
        return layout.elementType() == ElementType.INT8 && layout.scales() == null;
    }

    private static String describe(KvLayout layout) {
        KvScales scales = layout.scales();
        return scales == null ? "none" : scales.type().wireName() + " along " + KvAxis.wireNames(scales.axes());
    }

    private static String type(KvLayout layout) {
        KvScales scales = layout.scales();
        String type = layout.elementType().wireName();
        return scales == null ? type : type + " with " + scales.type().wireName() + " scales";
    }

    private static boolean exact(KvLayout from, KvLayout to) {
        if (!casts(from, to)) {
            return true;
        }
        if (to.scales() != null) {
            return false;
        }
        KvScales scales = from.scales();
        if (scales == null) {
            return from.elementType().widensTo(to.elementType());
        }
        // 8 bits of code times 11 bits of scale fit in the 24 bits of a float, with room for the exponent
        return scales.type() == ElementType.F16 && to.elementType() == ElementType.F32;
    }
}
