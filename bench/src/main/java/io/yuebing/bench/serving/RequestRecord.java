package io.yuebing.bench.serving;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What happened to one request; moments in nanoseconds from the start of the measurement.
 *
 * @param intended when it should have been sent: in an open loop latencies count from here, so that a client or server
 *     that falls behind hides nothing
 * @param arrivals when each piece of the answer arrived
 * @param end when the answer was complete, or the failure noticed
 * @param promptTokens as the server counted, 0 if it did not tell
 * @param outputTokens as the server counted; if it did not tell, pieces
 * @param failure its kind; empty = answered
 */
public record RequestRecord(
        long intended, List<Long> arrivals, long end, int promptTokens, int outputTokens, Optional<String> failure) {

    public RequestRecord {
        arrivals = List.copyOf(arrivals);
    }

    boolean answered() {
        return failure.isEmpty();
    }

    /** Milliseconds to the first token. */
    double ttft() {
        return (arrivals.getFirst() - intended) / 1e6;
    }

    /** Milliseconds to the second piece, the first that a decode node has made; empty if there was but one. */
    OptionalDouble timeToSecondToken() {
        return arrivals.size() < 2 ? OptionalDouble.empty() : OptionalDouble.of((arrivals.get(1) - intended) / 1e6);
    }

    /** Milliseconds to the end. */
    double latency() {
        return (end - intended) / 1e6;
    }

    /** Mean milliseconds from token to token; 0 if there was but one. */
    double timePerToken() {
        return outputTokens < 2 ? 0 : (arrivals.getLast() - arrivals.getFirst()) / 1e6 / (outputTokens - 1);
    }

    /** Milliseconds between consecutive pieces. */
    double[] gaps() {
        double[] gaps = new double[Math.max(0, arrivals.size() - 1)];
        for (int i = 0; i < gaps.length; i++) {
            gaps[i] = (arrivals.get(i + 1) - arrivals.get(i)) / 1e6;
        }
        return gaps;
    }
}
