package io.yuebing.bench.serving;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What some requests say about a server. Latencies are milliseconds, of answered requests.
 *
 * @param requests sent
 * @param failures by kind
 * @param seconds from the start to the last end
 * @param ttft time to the first token
 * @param secondToken time to the second piece, of answers that have one: with prefill and decode apart, the decode node's
 *     first
 * @param itl time between pieces of all answers; servers that send several tokens at a time have fewer pieces
 * @param latency time to the end of the answer
 * @param promptTokens of answered requests
 * @param outputTokens of answered requests
 * @param good answered requests within both service levels
 */
public record ServingStatistics(
        int requests,
        SortedMap<String, Integer> failures,
        double seconds,
        Distribution ttft,
        Distribution secondToken,
        Distribution itl,
        Distribution latency,
        long promptTokens,
        long outputTokens,
        int good) {

    /**
     * Counts.
     *
     * @param sloTtft longest time to the first token of a good request
     * @param sloItl longest mean time from token to token of a good request
     */
    static ServingStatistics of(List<RequestRecord> records, Duration sloTtft, Duration sloItl) {
        SortedMap<String, Integer> failures = new TreeMap<>();
        records.forEach(record -> record.failure().ifPresent(kind -> failures.merge(kind, 1, Integer::sum)));
        List<RequestRecord> answered =
                records.stream().filter(RequestRecord::answered).toList();
        long end = records.stream().mapToLong(RequestRecord::end).max().orElse(0);
        return new ServingStatistics(
                records.size(),
                failures,
                end / 1e9,
                Distribution.of(
                        answered.stream().mapToDouble(RequestRecord::ttft).toArray()),
                Distribution.of(answered.stream()
                        .flatMapToDouble(record -> record.timeToSecondToken().stream())
                        .toArray()),
                Distribution.of(answered.stream()
                        .flatMapToDouble(record -> Arrays.stream(record.gaps()))
                        .toArray()),
                Distribution.of(
                        answered.stream().mapToDouble(RequestRecord::latency).toArray()),
                answered.stream().mapToLong(RequestRecord::promptTokens).sum(),
                answered.stream().mapToLong(RequestRecord::outputTokens).sum(),
                (int) answered.stream()
                        .filter(record -> good(record, sloTtft, sloItl))
                        .count());
    }

    static boolean good(RequestRecord record, Duration sloTtft, Duration sloItl) {
        return record.answered()
                && record.ttft() <= sloTtft.toNanos() / 1e6
                && record.timePerToken() <= sloItl.toNanos() / 1e6;
    }

    public int answered() {
        return latency.sorted().length;
    }

    public double requestsPerSecond() {
        return answered() / seconds;
    }

    /** Good requests per second (DistServe, OSDI 2024). */
    public double goodput() {
        return good / seconds;
    }

    public double outputTokensPerSecond() {
        return outputTokens / seconds;
    }

    public double promptTokensPerSecond() {
        return promptTokens / seconds;
    }
}
