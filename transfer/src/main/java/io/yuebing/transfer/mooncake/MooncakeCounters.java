package io.yuebing.transfer.mooncake;

import io.yuebing.transfer.PeerTraffic;
import io.yuebing.transfer.TransferServerStats;
import java.util.concurrent.atomic.LongAdder;

/** What one server has done since its start. */
final class MooncakeCounters {
    final LongAdder turnedAway = new LongAdder();
    final LongAdder bytesReceived = new LongAdder();
    final LongAdder slicesReceived = new LongAdder();
    final LongAdder bytesRead = new LongAdder();
    final LongAdder slicesRead = new LongAdder();
    final LongAdder slicesRefused = new LongAdder();
    final LongAdder protocolErrors = new LongAdder();
    final LongAdder stalled = new LongAdder();
    final PeerTraffic traffic = new PeerTraffic();

    /** The protocol carries no checksums, so none fails. */
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
                0,
                protocolErrors.sum(),
                stalled.sum());
    }
}
