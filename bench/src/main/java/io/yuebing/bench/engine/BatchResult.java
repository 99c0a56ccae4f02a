package io.yuebing.bench.engine;

import io.yuebing.bench.Median;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * The speed with one number of sequences: medians of the rounds, and the rounds.
 *
 * @param batch sequences at once
 * @param prefillTokensPerSecond prompt tokens of all sequences
 * @param decodeTokensPerSecond generated tokens of all sequences
 * @param prefillArithmeticShare of the measured float FMA peak, 0 to 1
 * @param decodeReadShare of the measured read bandwidth, 0 to 1
 * @param decodeArithmeticShare of the measured float FMA peak, 0 to 1
 * @param prefillRounds prompt tokens per second of each round
 * @param decodeRounds generated tokens per second of each round
 * @param structuredRounds the same with answers held to a JSON schema; empty if that was not measured
 */
public record BatchResult(
        int batch,
        double prefillTokensPerSecond,
        double decodeTokensPerSecond,
        double prefillArithmeticShare,
        double decodeReadShare,
        double decodeArithmeticShare,
        List<Double> prefillRounds,
        List<Double> decodeRounds,
        List<Double> structuredRounds) {

    static BatchResult of(
            int batch, int prompt, int generate, List<BatchRun> runs, List<BatchRun> structured, StepLimits ideal) {
        double promptTokens = (double) batch * prompt;
        double tokens = (double) batch * generate;
        List<Double> prefill =
                runs.stream().map(run -> promptTokens / run.prefillSeconds()).toList();
        List<Double> decode =
                runs.stream().map(run -> tokens / run.decodeSeconds()).toList();
        double prefillSeconds = promptTokens / Median.of(prefill);
        double decodeSeconds = tokens / Median.of(decode);
        return new BatchResult(
                batch,
                Median.of(prefill),
                Median.of(decode),
                ideal.prefillSeconds(batch, prompt) / prefillSeconds,
                ideal.decodeReadSeconds(batch, prompt, generate) / decodeSeconds,
                ideal.decodeMacSeconds(batch, prompt, generate) / decodeSeconds,
                prefill,
                decode,
                structured.stream().map(run -> tokens / run.decodeSeconds()).toList());
    }

    /**
     * How much longer a decode step takes under a schema, as a share of the step without: the median over the rounds, each
     * compared with its own; empty if that was not measured.
     */
    public OptionalDouble structuredOverhead() {
        return structuredRounds.isEmpty()
                ? OptionalDouble.empty()
                : OptionalDouble.of(Median.of(IntStream.range(0, structuredRounds.size())
                        .mapToObj(round -> decodeRounds.get(round) / structuredRounds.get(round) - 1)
                        .toList()));
    }
}
