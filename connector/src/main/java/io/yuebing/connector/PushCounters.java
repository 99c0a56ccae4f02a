package io.yuebing.connector;

import java.util.concurrent.atomic.LongAdder;

/** The counters behind {@link KvPusherStats}. */
final class PushCounters {
    final LongAdder completed = new LongAdder();
    final LongAdder failed = new LongAdder();
    final LongAdder aborted = new LongAdder();
    final LongAdder slices = new LongAdder();
    final LongAdder bytes = new LongAdder();
    final LongAdder reusedBytes = new LongAdder();
    final LongAdder retries = new LongAdder();
    final LongAdder transferNanos = new LongAdder();
    final LongAdder exposedNanos = new LongAdder();

    KvPusherStats snapshot(int active, long bytesWaitingRelease) {
        return new KvPusherStats(
                active,
                bytesWaitingRelease,
                completed.sum(),
                failed.sum(),
                aborted.sum(),
                slices.sum(),
                bytes.sum(),
                reusedBytes.sum(),
                retries.sum(),
                transferNanos.sum() / 1e9,
                exposedNanos.sum() / 1e9);
    }
}
