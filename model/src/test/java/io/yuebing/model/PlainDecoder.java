package io.yuebing.model;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A decoder written down as the papers have it: in double precision, one token after the other, without any of the
 * product's code. Which parts there are it sees from the tensors; the rest is set by the test.
 */
final class PlainDecoder {
    final Map<String, float[]> weights;
    int layers;
    int hidden;
    int heads;
    int kvHeads;
    int headSize;
    double eps = 1e-6;

    /** Angle per position of each pair of channels; the other channels stay. */
    double[] frequencies = {};

    double angleFactor = 1;
    boolean neighbours;
    int window = Integer.MAX_VALUE;

    /** Attends instead of the heads of this decoder, if it is there. */
    @Nullable
    PlainLatentAttention latent;

    int chosen;
    boolean sigmoid;
    boolean renormalise;
    double routedScale = 1;
    int groups = 1;
    int chosenGroups = 1;
    int groupBest = 2;
    String experts = "mlp.experts.";
    List<String> expertNames = List.of("gate_proj", "up_proj", "down_proj");

    PlainDecoder(RandomModel model) {
        weights = model.weights;
        layers = model.number("num_hidden_layers");
        hidden = model.number("hidden_size");
        heads = model.number("num_attention_heads");
        kvHeads = model.number("num_key_value_heads");
        headSize = model.number("head_dim");
    }

    /** With latent attention of sizes that config.json says. */
    PlainDecoder latent(RandomModel model, double scale) {
        latent = new PlainLatentAttention(
                this,
                model.number("kv_lora_rank"),
                model.number("qk_nope_head_dim"),
                model.number("qk_rope_head_dim"),
                model.number("v_head_dim"),
                scale);
        return this;
    }

    /** Plain rotary frequencies. */
    PlainDecoder rope(double theta, int channels) {
        frequencies = IntStream.range(0, channels / 2)
                .mapToDouble(i -> Math.pow(theta, -2.0 * i / channels))
                .toArray();
        return this;
    }

    /** Logits of all positions. */
    double[][] logits(int[] ids) {
        double[][] x = new double[ids.length][];
        for (int i = 0; i < ids.length; i++) {
            x[i] = row("model.embed_tokens.weight", ids[i], hidden);
        }
        for (int layer = 0; layer < layers; layer++) {
            layer("model.layers." + layer + ".", x);
        }
        String head = weights.containsKey("lm_head.weight") ? "lm_head" : "model.embed_tokens";
        return Arrays.stream(x)
                .map(row -> product(head, norm(row, "model.norm.weight")))
                .toArray(double[][]::new);
    }

    private void layer(String prefix, double[][] x) {
        double[][] attended = attention(
                prefix + "self_attn.",
                Arrays.stream(x)
                        .map(row -> norm(row, prefix + "input_layernorm.weight"))
                        .toArray(double[][]::new));
        for (int i = 0; i < x.length; i++) {
            x[i] = sum(x[i], optionalNorm(attended[i], prefix + "post_self_attn_layernorm.weight"));
            double[] in = norm(x[i], prefix + "post_attention_layernorm.weight");
            boolean sparse = weights.containsKey(prefix + "mlp.gate.weight");
            double[] out = sparse ? experts(prefix, in) : mlp(prefix + "mlp.", in);
            x[i] = sum(x[i], optionalNorm(out, prefix + "post_mlp_layernorm.weight"));
        }
    }

    private double[][] attention(String prefix, double[][] in) {
        if (latent != null) {
            return latent.attend(prefix, in);
        }
        int width = headSize * (heads + 2 * kvHeads);
        double[][] all = new double[in.length][];
        for (int i = 0; i < in.length; i++) {
            all[i] = weights.containsKey(prefix + "qkv_proj.weight")
                    ? product(prefix + "qkv_proj", in[i])
                    : join(
                            product(prefix + "q_proj", in[i]),
                            product(prefix + "k_proj", in[i]),
                            product(prefix + "v_proj", in[i]));
            assert all[i].length == width;
            for (int head = 0; head < heads + kvHeads; head++) {
                double[] one = Arrays.copyOfRange(all[i], head * headSize, (head + 1) * headSize);
                one = optionalNorm(one, prefix + (head < heads ? "q_norm" : "k_norm") + ".weight");
                turn(one, i);
                System.arraycopy(one, 0, all[i], head * headSize, headSize);
            }
        }
        double[][] out = new double[in.length][];
        for (int i = 0; i < in.length; i++) {
            out[i] = product(prefix + "o_proj", attend(all, i));
        }
        return out;
    }

    private double[] attend(double[][] all, int position) {
        double[] out = new double[heads * headSize];
        int from = Math.max(0, position - window + 1);
        for (int head = 0; head < heads; head++) {
            int key = (heads + head / (heads / kvHeads)) * headSize;
            int value = key + kvHeads * headSize;
            double[] scores = new double[position + 1 - from];
            for (int i = 0; i < scores.length; i++) {
                for (int c = 0; c < headSize; c++) {
                    scores[i] += all[position][head * headSize + c] * all[from + i][key + c];
                }
                scores[i] /= Math.sqrt(headSize);
            }
            softmax(scores);
            for (int i = 0; i < scores.length; i++) {
                for (int c = 0; c < headSize; c++) {
                    out[head * headSize + c] += scores[i] * all[from + i][value + c];
                }
            }
        }
        return out;
    }

    void turn(double[] head, int position) {
        int pairs = frequencies.length;
        for (int i = 0; i < pairs; i++) {
            int a = neighbours ? 2 * i : i;
            int b = neighbours ? 2 * i + 1 : pairs + i;
            double cos = Math.cos(position * frequencies[i]) * angleFactor;
            double sin = Math.sin(position * frequencies[i]) * angleFactor;
            double first = head[a];
            head[a] = first * cos - head[b] * sin;
            head[b] = head[b] * cos + first * sin;
        }
    }

    private double[] mlp(String prefix, double[] in) {
        if (!weights.containsKey(prefix + "gate_up_proj.weight")) {
            return gated(prefix, List.of("gate_proj", "up_proj", "down_proj"), in);
        }
        double[] both = product(prefix + "gate_up_proj", in);
        int width = both.length / 2;
        double[] middle = new double[width];
        for (int i = 0; i < width; i++) {
            middle[i] = silu(both[i]) * both[width + i];
        }
        return product(prefix + "down_proj", middle);
    }

    private double[] gated(String prefix, List<String> names, double[] in) {
        double[] gate = product(prefix + names.get(0), in);
        double[] up = product(prefix + names.get(1), in);
        for (int i = 0; i < gate.length; i++) {
            gate[i] = silu(gate[i]) * up[i];
        }
        return product(prefix + names.get(2), gate);
    }

    private double[] experts(String prefix, double[] in) {
        double[] scores = product(prefix + "mlp.gate", in);
        if (sigmoid) {
            Arrays.setAll(scores, i -> 1 / (1 + Math.exp(-scores[i])));
        } else {
            softmax(scores);
        }
        int[] best = best(scores, Optional.ofNullable(weights.get(prefix + "mlp.gate.e_score_correction_bias")));
        double sum =
                renormalise ? Arrays.stream(best).mapToDouble(i -> scores[i]).sum() : 1;
        double[] out = new double[hidden];
        for (int expert : best) {
            double[] one = gated(prefix + experts + expert + ".", expertNames, in);
            for (int i = 0; i < hidden; i++) {
                out[i] += scores[expert] / sum * routedScale * one[i];
            }
        }
        if (weights.containsKey(prefix + "mlp.shared_experts.up_proj.weight")) {
            out = sum(out, gated(prefix + "mlp.shared_experts.", expertNames, in));
        }
        if (weights.containsKey(prefix + "mlp.shared_expert.up_proj.weight")) {
            double[] shared = gated(prefix + "mlp.shared_expert.", expertNames, in);
            double weight = 1 / (1 + Math.exp(-product(prefix + "mlp.shared_expert_gate", in)[0]));
            Arrays.setAll(shared, i -> shared[i] * weight);
            out = sum(out, shared);
        }
        return out;
    }

    private int[] best(double[] scores, Optional<float[]> correction) {
        double[] corrected = scores.clone();
        correction.ifPresent(c -> Arrays.setAll(corrected, i -> scores[i] + c[i]));
        int size = scores.length / groups;
        List<Integer> eligibleGroups = IntStream.range(0, groups)
                .boxed()
                .sorted(Comparator.comparingDouble(group -> -Arrays.stream(corrected, group * size, group * size + size)
                        .map(score -> -score)
                        .sorted()
                        .limit(groupBest)
                        .map(score -> -score)
                        .sum()))
                .limit(chosenGroups)
                .toList();
        return IntStream.range(0, scores.length)
                .filter(i -> eligibleGroups.contains(i / size))
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -corrected[i]))
                .limit(chosen)
                .mapToInt(i -> i)
                .toArray();
    }

    double[] norm(double[] x, String name) {
        float[] weight = tensor(name);
        double meanSquare = Arrays.stream(x).map(v -> v * v).sum() / x.length;
        double[] out = new double[x.length];
        Arrays.setAll(out, i -> weight[i] * x[i] / Math.sqrt(meanSquare + eps));
        return out;
    }

    private double[] optionalNorm(double[] x, String name) {
        return weights.containsKey(name) ? norm(x, name) : x;
    }

    private float[] tensor(String name) {
        return Objects.requireNonNull(weights.get(name), name);
    }

    double[] product(String name, double[] x) {
        float[] matrix = tensor(name + ".weight");
        float[] bias = weights.get(name + ".bias");
        double[] y = new double[matrix.length / x.length];
        for (int row = 0; row < y.length; row++) {
            y[row] = bias == null ? 0 : bias[row];
            for (int i = 0; i < x.length; i++) {
                y[row] += (double) matrix[row * x.length + i] * x[i];
            }
        }
        return y;
    }

    private double[] row(String name, int row, int width) {
        float[] matrix = tensor(name);
        return IntStream.range(0, width)
                .mapToDouble(i -> matrix[row * width + i])
                .toArray();
    }

    private static double silu(double x) {
        return x / (1 + Math.exp(-x));
    }

    static void softmax(double[] x) {
        double largest = Arrays.stream(x).max().orElse(0);
        Arrays.setAll(x, i -> Math.exp(x[i] - largest));
        double sum = Arrays.stream(x).sum();
        Arrays.setAll(x, i -> x[i] / sum);
    }

    private static double[] sum(double[] a, double[] b) {
        return IntStream.range(0, a.length).mapToDouble(i -> a[i] + b[i]).toArray();
    }

    private static double[] join(double[]... parts) {
        return Arrays.stream(parts).flatMapToDouble(Arrays::stream).toArray();
    }
}
