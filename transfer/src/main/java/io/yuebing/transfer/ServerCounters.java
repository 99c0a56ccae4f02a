package io.yuebing.transfer;

import java.util.concurrent.atomic.LongAdder;

/** The counters behind {@link TransferServerStats}. */
final class ServerCounters {
    final LongAdder turnedAway = new LongAdder();
    final LongAdder bytesReceived = new LongAdder();
    final LongAdder slicesReceived = new LongAdder();
    final LongAdder bytesRead = new LongAdder();
    final LongAdder slicesRead = new LongAdder();
    final LongAdder slicesRefused = new LongAdder();
    final LongAdder checksumFailures = new LongAdder();
    final LongAdder protocolErrors = new LongAdder();
    final LongAdder stalled = new LongAdder();

    TransferServerStats snapshot(int connections, int handshakes) {
        return new TransferServerStats(
                connections,
                handshakes,
                turnedAway.sum(),
                bytesReceived.sum(),
                slicesReceived.sum(),
                bytesRead.sum(),
                slicesRead.sum(),
                slicesRefused.sum(),
                checksumFailures.sum(),
                protocolErrors.sum(),
                stalled.sum());
    }
}
