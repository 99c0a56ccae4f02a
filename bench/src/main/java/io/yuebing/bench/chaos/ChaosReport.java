package io.yuebing.bench.chaos;

import java.util.List;
import java.util.Map;

/**
 * What a chaos run found.
 *
 * @param seed repeats the run's faults
 * @param network where the nodes lived, or why not elsewhere
 * @param requests requests answered
 * @param faults injected faults by kind
 * @param failed requests that ended with an error, each with its reason
 * @param wrong requests whose answer differs from the undisturbed one, each with both
 * @param leaks what nodes still held when everything was over
 * @param undetected damaged bytes that no node noticed
 * @param longestPauseMillis longest time that a client waited for its next frame
 */
public record ChaosReport(
        long seed,
        String network,
        int requests,
        Map<String, Integer> faults,
        List<String> failed,
        List<String> wrong,
        List<String> leaks,
        List<String> undetected,
        long longestPauseMillis) {

    /** Whether every promise was kept. */
    public boolean passed() {
        return failed.isEmpty() && wrong.isEmpty() && leaks.isEmpty() && undetected.isEmpty();
    }

    /** For people. */
    public String text() {
        StringBuilder text = new StringBuilder();
        text.append("seed ")
                .append(seed)
                .append(": ")
                .append(requests)
                .append(" requests, faults ")
                .append(faults);
        text.append(", longest pause ").append(longestPauseMillis).append(" ms\n");
        text.append("nodes lived on ").append(network).append('\n');
        section(text, "failed requests", failed);
        section(text, "wrong answers", wrong);
        section(text, "leaks", leaks);
        section(text, "undetected corruptions", undetected);
        return text.toString();
    }

    private static void section(StringBuilder text, String title, List<String> entries) {
        text.append(title).append(": ").append(entries.size()).append('\n');
        entries.stream()
                .limit(10)
                .forEach(entry -> text.append("  ").append(entry).append('\n'));
    }
}
