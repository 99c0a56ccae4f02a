package io.yuebing.model.decoder;

import io.yuebing.api.UserError;
import io.yuebing.model.json.JsonObject;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * Rotary position embedding (Su et al., 2021): by which angle each pair of channels turns per position.
 *
 * @param theta base of the geometric series of wavelengths
 * @param channels how many channels of a head are turned, the first ones; even
 * @param pairing which channels turn together
 * @param scaling how the series was stretched for longer contexts
 */
public record RopeSpec(double theta, int channels, Pairing pairing, RopeScaling scaling) {

    /** Which channels turn together, by the same angle. */
    public enum Pairing {
        /** Channel {@code i} of the first half and channel {@code i} of the second. */
        HALVES,
        /** Channels {@code 2 i} and {@code 2 i + 1}. */
        NEIGHBOURS
    }

    /** How a model's angles differ from the plain ones. */
    public sealed interface RopeScaling {

        /** Not at all. */
        record None() implements RopeScaling {}

        /**
         * All wavelengths are stretched by {@code factor} (Chen et al., 2023).
         *
         * @param factor new over original context length
         */
        record Linear(double factor) implements RopeScaling {}

        /**
         * As None for all positions of the original context. Beyond it the base would grow with the sequence, and the
         * keys in the cache would no longer fit, so longer sequences are not offered.
         */
        record Dynamic() implements RopeScaling {}

        /**
         * Llama 3.1: wavelengths longer than {@code originalPositions / lowFrequencyFactor} are stretched by
         * {@code factor}, those shorter than {@code originalPositions / highFrequencyFactor} stay, those between are
         * blended.
         *
         * @param factor new over original context length
         * @param lowFrequencyFactor turns within the original context up to which a wavelength is stretched fully
         * @param highFrequencyFactor turns from which it stays
         * @param originalPositions context length that the model was first trained for
         */
        record Llama3(double factor, double lowFrequencyFactor, double highFrequencyFactor, int originalPositions)
                implements RopeScaling {}

        /**
         * LongRoPE (Ding et al., 2024): a factor for each wavelength. Models have two lists, for sequences within the
         * original context and for longer ones. Keys in the cache were turned with one of them, so who serves a model
         * has to choose: the long one if longer sequences are served at all, as vLLM does.
         *
         * @param factors for each pair of channels
         * @param attentionFactor multiplies cosines and sines
         * @param within the factors if only sequences of the original context are served; empty if {@code factors} are
         *     those
         */
        record LongRope(List<Double> factors, double attentionFactor, Optional<Within> within) implements RopeScaling {
            /**
             * The list for short sequences.
             *
             * @param positions original context
             * @param factors for each pair of channels
             */
            public record Within(int positions, List<Double> factors) {
                public Within {
                    factors = List.copyOf(factors);
                }
            }

            public LongRope {
                factors = List.copyOf(factors);
            }

            LongRope withinOriginal() {
                return new LongRope(within.map(Within::factors).orElse(factors), attentionFactor, Optional.empty());
            }
        }

        /**
         * YaRN (Peng et al., 2023): wavelengths that are long against the original context are stretched by
         * {@code factor}, short ones stay, those between are blended. It applies to every position, whatever the
         * sequence's length, as in transformers.
         *
         * @param factor new over original context length
         * @param originalPositions context length that the model was first trained for
         * @param betaFast wavelengths with at least this many turns in the original context stay
         * @param betaSlow wavelengths with at most this many turns are stretched fully
         * @param truncate the two limits are rounded outwards to whole channels
         * @param attentionFactor multiplies cosines and sines, and so attention scores with its square
         */
        record Yarn(
                double factor,
                int originalPositions,
                double betaFast,
                double betaSlow,
                boolean truncate,
                double attentionFactor)
                implements RopeScaling {}
    }

    private static final double DEFAULT_THETA = 10_000;

    /**
     * Reads {@code rope_theta} and {@code rope_scaling}, or {@code rope_parameters} that holds both since transformers
     * 5.
     *
     * @param maxPositions {@code max_position_embeddings}
     */
    public static RopeSpec read(JsonObject config, int channels, int maxPositions) {
        return of(config, parameters(config), "rope_theta", DEFAULT_THETA, channels, maxPositions);
    }

    /** The object that describes the embedding, if there is one. */
    static Optional<JsonObject> parameters(JsonObject config) {
        return config.object("rope_parameters").or(() -> config.object("rope_scaling"));
    }

    /**
     * Channels that are turned where that is a part of the head: {@code partial_rotary_factor}.
     *
     * @param byDefault the family's share of the head
     */
    static int channels(JsonObject config, int headSize, double byDefault) {
        OptionalDouble own = parameters(config)
                .map(json -> json.number("partial_rotary_factor", 0, 1))
                .orElse(OptionalDouble.empty());
        double share =
                own.orElseGet(() -> config.number("partial_rotary_factor", 0, 1).orElse(byDefault));
        int channels = (int) (headSize * share);
        if (channels < 2 || channels % 2 != 0) {
            throw new UserError(config.file() + ": partial_rotary_factor " + share + " of head size " + headSize
                    + " gives " + channels + " channels to turn; expected an even number of at least 2");
        }
        return channels;
    }

    /**
     * Reads one of several embeddings of a model.
     *
     * @param parameters its description
     * @param thetaField where config.json has its theta if {@code parameters} do not
     */
    static RopeSpec of(
            JsonObject config,
            Optional<JsonObject> parameters,
            String thetaField,
            double defaultTheta,
            int channels,
            int maxPositions) {
        OptionalDouble own =
                parameters.map(json -> json.number("rope_theta", 1, 1e12)).orElse(OptionalDouble.empty());
        double theta = own.orElseGet(() -> config.number(thetaField, 1, 1e12).orElse(defaultTheta));
        RopeScaling scaling = parameters
                .map(json -> scaling(config, json, channels, maxPositions))
                .orElse(new RopeScaling.None());
        return new RopeSpec(theta, channels, Pairing.HALVES, scaling);
    }

    /** The same with neighbours as pairs. */
    RopeSpec ofNeighbours() {
        return new RopeSpec(theta, channels, Pairing.NEIGHBOURS, scaling);
    }

    private static RopeScaling scaling(JsonObject config, JsonObject json, int channels, int maxPositions) {
        String type = json.text("rope_type").or(() -> json.text("type")).orElse("default");
        return switch (type) {
            case "default" -> new RopeScaling.None();
            case "linear" -> new RopeScaling.Linear(factor(json));
            case "dynamic" -> new RopeScaling.Dynamic();
            case "llama3" -> llama3(json, maxPositions);
            case "yarn" -> yarn(json, maxPositions);
            case "longrope", "su" -> longRope(config, json, channels, maxPositions);
            default ->
                throw new UserError(json.file() + ": rope type '" + type
                        + "' is not supported; supported: default, linear, dynamic, llama3, yarn, longrope");
        };
    }

    private static double factor(JsonObject json) {
        OptionalDouble factor = json.number("factor", 1, 1 << 20);
        return factor.orElseThrow(() -> json.missing("factor"));
    }

    private static RopeScaling llama3(JsonObject json, int maxPositions) {
        double low = json.number("low_freq_factor", 1e-6, 1 << 20).orElse(1);
        double high = json.number("high_freq_factor", 1e-6, 1 << 20).orElse(4);
        if (high <= low) {
            throw new UserError(
                    json.file() + ": rope scaling llama3 needs high_freq_factor above low_freq_factor, found " + high
                            + " and " + low);
        }
        int original = json.integerIfPresent("original_max_position_embeddings", 1, 1 << 30)
                .orElse(maxPositions);
        return new RopeScaling.Llama3(factor(json), low, high, original);
    }

    private static RopeScaling longRope(JsonObject config, JsonObject json, int channels, int maxPositions) {
        OptionalInt own = json.integerIfPresent("original_max_position_embeddings", 1, 1 << 30);
        int original = own.orElseGet(() -> config.integerIfPresent("original_max_position_embeddings", 1, 1 << 30)
                .orElse(maxPositions));
        double factor = original < maxPositions
                ? (double) maxPositions / original
                : json.number("factor", 1, 1 << 20).orElse(1);
        double attention = json.number("attention_factor", 0, 1 << 20)
                .orElse(factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original)));
        List<Double> within = longRopeFactors(json, "short_factor", channels);
        return original < maxPositions
                ? new RopeScaling.LongRope(
                        longRopeFactors(json, "long_factor", channels),
                        attention,
                        Optional.of(new RopeScaling.LongRope.Within(original, within)))
                : new RopeScaling.LongRope(within, attention, Optional.empty());
    }

    private static List<Double> longRopeFactors(JsonObject json, String field, int channels) {
        List<Double> factors = json.numbers(field, 1e-6, 1 << 20);
        if (factors.size() != channels / 2) {
            throw new UserError(json.file() + ": " + field + " must have " + channels / 2
                    + " numbers, one for each pair of channels that turn, found " + factors.size());
        }
        return factors;
    }

    private static RopeScaling yarn(JsonObject json, int maxPositions) {
        int original = json.integerIfPresent("original_max_position_embeddings", 1, 1 << 30)
                .orElse(maxPositions);
        double factor = json.number("factor", 1, 1 << 20).orElse((double) maxPositions / original);
        double attention = json.number("attention_factor", 0, 1 << 20).orElseGet(() -> {
            OptionalDouble mscale = json.number("mscale", 0, 1 << 20);
            OptionalDouble mscaleAllDim = json.number("mscale_all_dim", 0, 1 << 20);
            return mscale.orElse(0) != 0 && mscaleAllDim.orElse(0) != 0
                    ? yarnScale(factor, mscale.orElse(1)) / yarnScale(factor, mscaleAllDim.orElse(1))
                    : yarnScale(factor, 1);
        });
        return new RopeScaling.Yarn(
                factor,
                original,
                json.number("beta_fast", 0, 1 << 20).orElse(32),
                json.number("beta_slow", 0, 1 << 20).orElse(1),
                json.bool("truncate").orElse(true),
                attention);
    }

    /**
     * Factor on queries and keys that stands beside the angles in DeepSeek's models: {@code mscale_all_dim} applies to the
     * channels that are not turned, too; 1 without it.
     */
    static double yarnTemperature(JsonObject config) {
        return parameters(config)
                .filter(json -> json.text("rope_type")
                        .or(() -> json.text("type"))
                        .orElse("default")
                        .equals("yarn"))
                .map(json -> yarnScale(
                        factor(json), json.number("mscale_all_dim", 0, 1 << 20).orElse(0)))
                .orElse(1.0);
    }

    /** The paper's recommendation for the softmax temperature, section 3.4. */
    private static double yarnScale(double factor, double mscale) {
        return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
    }

    /**
     * Longest sequence.
     *
     * @param configured {@code max_position_embeddings}, which some models leave at the length before scaling
     */
    public int maxPositions(int configured) {
        return switch (scaling) {
            case RopeScaling.None(), RopeScaling.Dynamic(), RopeScaling.Llama3 _, RopeScaling.LongRope _ -> configured;
            case RopeScaling.Linear(double factor) -> stretched(configured, factor);
            case RopeScaling.Yarn yarn -> stretched(yarn.originalPositions(), yarn.factor());
        };
    }

    private static int stretched(int positions, double factor) {
        return (int) Math.min(1 << 30, Math.round(positions * factor));
    }

    /** The context within which other angles are meant ({@link RopeScaling.LongRope}); empty if there is none. */
    OptionalInt shortContext() {
        return scaling instanceof RopeScaling.LongRope longRope
                ? longRope.within()
                        .map(within -> OptionalInt.of(within.positions()))
                        .orElse(OptionalInt.empty())
                : OptionalInt.empty();
    }

    /** The embedding with the angles for {@link #shortContext()}. */
    RopeSpec withinShortContext() {
        return scaling instanceof RopeScaling.LongRope longRope
                ? new RopeSpec(theta, channels, pairing, longRope.withinOriginal())
                : this;
    }

    /** Factor on cosines and sines. */
    public float attentionFactor() {
        return switch (scaling) {
            case RopeScaling.None(), RopeScaling.Linear _, RopeScaling.Dynamic(), RopeScaling.Llama3 _ -> 1;
            case RopeScaling.LongRope longRope -> (float) longRope.attentionFactor();
            case RopeScaling.Yarn yarn -> (float) yarn.attentionFactor();
        };
    }

    /** Angle per position of each pair of channels: {@code channels / 2} values, falling. */
    public float[] frequencies() {
        float[] frequencies = new float[channels / 2];
        for (int pair = 0; pair < frequencies.length; pair++) {
            float wavelength = (float) Math.pow(theta, (double) (2 * pair) / channels);
            frequencies[pair] = switch (scaling) {
                case RopeScaling.None(), RopeScaling.Dynamic() -> 1 / wavelength;
                case RopeScaling.Linear(double factor) -> 1 / wavelength / (float) factor;
                case RopeScaling.Llama3 llama3 -> llama3Frequency(llama3, 1 / wavelength);
                case RopeScaling.LongRope longRope ->
                    1 / (longRope.factors().get(pair).floatValue() * wavelength);
                case RopeScaling.Yarn yarn -> yarnFrequency(yarn, pair, wavelength);
            };
        }
        return frequencies;
    }

    private static float llama3Frequency(RopeScaling.Llama3 llama3, float frequency) {
        double turns = llama3.originalPositions() * (double) frequency / (2 * Math.PI);
        float factor = (float) llama3.factor();
        if (turns < llama3.lowFrequencyFactor()) {
            return frequency / factor;
        }
        if (turns > llama3.highFrequencyFactor()) {
            return frequency;
        }
        float kept = (float)
                ((turns - llama3.lowFrequencyFactor()) / (llama3.highFrequencyFactor() - llama3.lowFrequencyFactor()));
        return (1 - kept) * frequency / factor + kept * frequency;
    }

    private float yarnFrequency(RopeScaling.Yarn yarn, int pair, float wavelength) {
        double low = channelOfTurns(yarn, yarn.betaFast());
        double high = channelOfTurns(yarn, yarn.betaSlow());
        if (yarn.truncate()) {
            low = Math.floor(low);
            high = Math.ceil(high);
        }
        low = Math.max(low, 0);
        high = Math.min(high, channels - 1);
        double width = high == low ? 0.001 : high - low;
        float stretched = (float) Math.clamp((pair - low) / width, 0, 1);
        return 1 / ((float) yarn.factor() * wavelength) * stretched + 1 / wavelength * (1 - stretched);
    }

    /** The pair of channels, as a fraction, that makes {@code turns} full turns within the original context. */
    private double channelOfTurns(RopeScaling.Yarn yarn, double turns) {
        return channels * Math.log(yarn.originalPositions() / (turns * 2 * Math.PI)) / (2 * Math.log(theta));
    }

    /** For people. */
    public String describe() {
        String plain = "theta " + (theta == Math.rint(theta) ? Long.toString((long) theta) : Double.toString(theta));
        return switch (scaling) {
            case RopeScaling.None() -> plain;
            case RopeScaling.Linear(double factor) -> plain + ", linear factor " + factor;
            case RopeScaling.Dynamic() -> plain + ", dynamic: sequences of the original context only";
            case RopeScaling.Llama3 llama3 ->
                plain + ", llama3 factor " + llama3.factor() + " over " + llama3.originalPositions() + " positions";
            case RopeScaling.LongRope longRope ->
                plain
                        + longRope.within()
                                .map(within -> ", longrope; other factors if at most " + within.positions()
                                        + " positions are served")
                                .orElse(", longrope");
            case RopeScaling.Yarn yarn ->
                plain + ", yarn factor " + yarn.factor() + " over " + yarn.originalPositions() + " positions";
        };
    }
}
