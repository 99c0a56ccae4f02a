package io.yuebing.model;

import java.util.Arrays;

/**
 * Latent attention as the paper has it (DeepSeek-AI, 2024, section 2.1): keys and values of all heads are made from the
 * latent rows, and then each head attends.
 */
record PlainLatentAttention(PlainDecoder decoder, int rank, int plain, int turned, int value, double scale) {

    double[][] attend(String prefix, double[][] in) {
        int tokens = in.length;
        double[][] queries = new double[tokens][];
        double[][] turnedKeys = new double[tokens][];
        double[][] keysAndValues = new double[tokens][];
        for (int i = 0; i < tokens; i++) {
            queries[i] = queries(prefix, in[i], i);
            double[] row = decoder.product(prefix + "kv_a_proj_with_mqa", in[i]);
            turnedKeys[i] = Arrays.copyOfRange(row, rank, rank + turned);
            decoder.turn(turnedKeys[i], i);
            double[] latent = decoder.norm(Arrays.copyOf(row, rank), prefix + "kv_a_layernorm.weight");
            keysAndValues[i] = decoder.product(prefix + "kv_b_proj", latent);
        }
        double[][] out = new double[tokens][];
        for (int i = 0; i < tokens; i++) {
            double[] results = new double[decoder.heads * value];
            for (int head = 0; head < decoder.heads; head++) {
                double[] scores = new double[i + 1];
                for (int p = 0; p <= i; p++) {
                    scores[p] = scale * score(queries[i], keysAndValues[p], turnedKeys[p], head);
                }
                PlainDecoder.softmax(scores);
                for (int p = 0; p <= i; p++) {
                    for (int c = 0; c < value; c++) {
                        results[head * value + c] += scores[p] * keysAndValues[p][head * (plain + value) + plain + c];
                    }
                }
            }
            out[i] = decoder.product(prefix + "o_proj", results);
        }
        return out;
    }

    private double[] queries(String prefix, double[] in, int position) {
        double[] queries;
        if (decoder.weights.containsKey(prefix + "q_proj.weight")) {
            queries = decoder.product(prefix + "q_proj", in);
        } else {
            double[] latent = decoder.norm(decoder.product(prefix + "q_a_proj", in), prefix + "q_a_layernorm.weight");
            queries = decoder.product(prefix + "q_b_proj", latent);
        }
        for (int head = 0; head < decoder.heads; head++) {
            int from = head * (plain + turned) + plain;
            double[] part = Arrays.copyOfRange(queries, from, from + turned);
            decoder.turn(part, position);
            System.arraycopy(part, 0, queries, from, turned);
        }
        return queries;
    }

    private double score(double[] query, double[] keysAndValues, double[] turnedKey, int head) {
        double score = 0;
        int at = head * (plain + turned);
        for (int c = 0; c < plain; c++) {
            score += query[at + c] * keysAndValues[head * (plain + value) + c];
        }
        for (int c = 0; c < turned; c++) {
            score += query[at + plain + c] * turnedKey[c];
        }
        return score;
    }
}
