package io.yuebing.transfer;

import java.time.Duration;
import java.util.Arrays;

/**
 * How one batch is to be carried.
 *
 * @param timeout until the batch fails with kind {@code TIMED_OUT}
 * @param priority who goes first where batches wait for the same peer
 * @param notice delivered to the segment's {@link NoticeListener} once every slice is done, before the batch is; empty
 *     for none; at most {@value #MAX_NOTICE_BYTES} bytes
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record BatchOptions(Duration timeout, Priority priority, byte[] notice) {
    public static final int MAX_NOTICE_BYTES = 16 << 10;

    private static final byte[] NO_NOTICE = {};

    /** Order among waiting batches. What has been handed to the network is not overtaken. */
    public enum Priority {
        /** A token waits for it. */
        URGENT,
        NORMAL,
        /** Nobody waits: write-back, warm-up. Goes only when nothing else does. */
        BACKGROUND
    }

    public BatchOptions {
        if (notice.length > MAX_NOTICE_BYTES) {
            throw new IllegalArgumentException(
                    "a notice of " + notice.length + " bytes, at most " + MAX_NOTICE_BYTES + " are possible");
        }
        notice = notice.clone();
    }

    /** Normal priority, no notice. */
    public static BatchOptions within(Duration timeout) {
        return new BatchOptions(timeout, Priority.NORMAL, NO_NOTICE);
    }

    public BatchOptions withPriority(Priority other) {
        return new BatchOptions(timeout, other, notice);
    }

    public BatchOptions withNotice(byte[] message) {
        return new BatchOptions(timeout, priority, message);
    }

    @Override
    public byte[] notice() {
        return notice.clone();
    }

    @Override
    public String toString() {
        return "BatchOptions[" + timeout + ", " + priority + ", notice " + Arrays.toString(notice) + "]";
    }
}
