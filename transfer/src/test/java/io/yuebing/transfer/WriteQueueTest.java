package io.yuebing.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.transfer.TransferException.Kind;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class WriteQueueTest {
    private static final UUID TICKET = new UUID(1, 2);
    private static final TransferException STOP = new TransferException(Kind.CANCELLED, "stop");

    private final ManualTime time = new ManualTime();
    private final WriteQueue queue = new WriteQueue(time, 250);

    private WriteQueue.Batch add(int slices, int bytes) throws TransferException {
        SliceWrite write = new SliceWrite(TICKET, 1, 0, Arena.ofAuto().allocate(bytes));
        return queue.add(Collections.nCopies(slices, write), Duration.ofSeconds(5));
    }

    private List<Long> sendSome() throws InterruptedException {
        List<WriteQueue.Outgoing> burst = queue.next(100, 1 << 20);
        queue.sent(burst);
        return burst.stream().map(WriteQueue.Outgoing::sequence).toList();
    }

    @Test
    void creditBoundsTheBytesInFlight() throws Exception {
        WriteQueue.Batch batch = add(5, 100);
        assertThat(sendSome()).containsExactly(1L, 2L);
        assertThat(queue.bytesInFlight()).isEqualTo(200);
        queue.acknowledged(1);
        assertThat(sendSome()).containsExactly(3L);
        queue.acknowledged(3);
        assertThat(sendSome()).containsExactly(4L, 5L);
        assertThat(batch.done()).isNotDone();
        queue.acknowledged(5);
        assertThat(batch.done()).isCompleted();
    }

    @Test
    void aSliceLargerThanTheWindowGoesAlone() throws Exception {
        add(2, 1000);
        assertThat(sendSome()).containsExactly(1L);
        queue.acknowledged(1);
        assertThat(sendSome()).containsExactly(2L);
    }

    @Test
    void aCancelledBatchEndsOnlyWhenItsMemoryIsNoLongerRead() throws Exception {
        WriteQueue.Batch batch = add(2, 100);
        List<WriteQueue.Outgoing> burst = queue.next(1, 1 << 20);
        assertThat(queue.cancel(batch, STOP, Duration.ZERO)).isFalse();
        assertThat(batch.done()).isNotDone();
        queue.sent(burst);
        assertThat(batch.done()).isCompletedExceptionally();
        WriteQueue.Batch next = add(1, 100);
        assertThat(sendSome())
                .as("the cancelled batch's second slice is not sent")
                .containsExactly(2L);
        queue.acknowledged(2);
        assertThat(next.done()).isCompleted();
    }

    @Test
    void closingFailsABatchOnlyWhenItsMemoryIsNoLongerRead() throws Exception {
        WriteQueue.Batch batch = add(2, 100);
        List<WriteQueue.Outgoing> burst = queue.next(1, 1 << 20);
        assertThat(queue.close(STOP)).isTrue();
        Thread closer = Thread.ofVirtual().start(queue::failAll);
        assertThat(batch.done()).isNotDone();
        queue.sent(burst);
        closer.join();
        assertThat(batch.done()).isCompletedExceptionally();
        assertThat(queue.next(1, 1)).isEmpty();
        assertThatThrownBy(() -> add(1, 1)).isSameAs(STOP);
    }

    @Test
    void aRefusedSliceFailsItsBatchAndNoOther() throws Exception {
        WriteQueue.Batch refused = add(1, 100);
        WriteQueue.Batch fine = add(1, 100);
        sendSome();
        queue.refused(1, STOP);
        assertThat(refused.done()).isCompletedExceptionally();
        queue.acknowledged(2);
        assertThat(fine.done()).isCompleted();
        assertThat(queue.bytesInFlight()).isZero();
    }

    @Test
    void anAcknowledgementOfWhatWasNeverSentIsAProtocolError() throws Exception {
        add(1, 100);
        sendSome();
        assertThatThrownBy(() -> queue.acknowledged(2)).hasMessage("an ACK of write 2, but only 1 were sent");
    }

    @Test
    void batchesAreOverdueAfterTheirTimeout() throws Exception {
        WriteQueue.Batch batch = add(1, 100);
        assertThat(queue.overdue(time.nanoTime())).isEmpty();
        time.advance(Duration.ofSeconds(5));
        assertThat(queue.overdue(time.nanoTime())).containsExactly(batch);
    }

    @Test
    void theStallClockRunsOnlyWhileThePeerOwesAnAcknowledgement() throws Exception {
        time.advance(Duration.ofSeconds(100));
        add(1, 100);
        assertThat(queue.stalledNanos(time.nanoTime())).isNegative();
        sendSome();
        time.advance(Duration.ofSeconds(3));
        assertThat(queue.stalledNanos(time.nanoTime())).isEqualTo(3_000_000_000L);
        queue.acknowledged(1);
        assertThat(queue.stalledNanos(time.nanoTime())).isNegative();
    }
}
