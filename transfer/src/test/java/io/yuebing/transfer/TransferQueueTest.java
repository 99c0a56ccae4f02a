package io.yuebing.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.transfer.QueueItem.Outgoing;
import io.yuebing.transfer.TransferException.Kind;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TransferQueueTest {
    private static final UUID TICKET = new UUID(1, 2);
    private static final TransferException STOP = new TransferException(Kind.CANCELLED, "stop");

    private final ManualTime time = new ManualTime();
    private final TransferQueue queue = new TransferQueue(time);
    private final QueueLane lane = queue.newLane(250, null, _ -> false);

    private QueuedBatch add(int slices, int bytes) throws TransferException {
        SliceWrite write = new SliceWrite(TICKET, 1, 0, Arena.ofAuto().allocate(bytes));
        return queue.add(Collections.nCopies(slices, write), BatchOptions.within(Duration.ofSeconds(5)));
    }

    private List<Long> sendSome() throws InterruptedException {
        List<Outgoing> burst = queue.next(lane, 100, 1 << 20);
        queue.sent(lane, burst);
        return burst.stream().map(Outgoing::sequence).toList();
    }

    @Test
    void creditBoundsTheBytesInFlight() throws Exception {
        QueuedBatch batch = add(5, 100);
        assertThat(sendSome()).containsExactly(1L, 2L);
        assertThat(queue.bytesInFlight(lane)).isEqualTo(200);
        queue.acknowledged(lane, 1);
        assertThat(sendSome()).containsExactly(3L);
        queue.acknowledged(lane, 3);
        assertThat(sendSome()).containsExactly(4L, 5L);
        assertThat(batch.done()).isNotDone();
        queue.acknowledged(lane, 5);
        assertThat(batch.done()).isCompleted();
    }

    @Test
    void aSenderWithoutCreditLeavesTheWorkToOneThatHasSome() throws Exception {
        List<QueueLane> both = List.of(lane, queue.newLane(250, null, _ -> false));
        try (ExecutorService senders = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int round = 0; round < 50; round++) {
                QueueLane full = both.get(round % 2);
                add(1, 200);
                queue.sent(full, queue.next(full, 1, 1 << 20));
                CompletionService<QueueLane> sent = new ExecutorCompletionService<>(senders);
                for (QueueLane each : both) {
                    sent.submit(() -> {
                        queue.sent(each, queue.next(each, 1, 1 << 20));
                        return each;
                    });
                }
                add(1, 100);
                // whichever was woken first
                assertThat(sent.take().get()).isNotSameAs(full);
                queue.acknowledged(full, full.lastSequence);
                add(1, 100);
                assertThat(sent.take().get()).isSameAs(full);
                for (QueueLane each : both) {
                    queue.acknowledged(each, each.lastSequence);
                }
            }
        }
    }

    @Test
    void aSliceLargerThanTheWindowGoesAlone() throws Exception {
        add(2, 1000);
        assertThat(sendSome()).containsExactly(1L);
        queue.acknowledged(lane, 1);
        assertThat(sendSome()).containsExactly(2L);
    }

    @Test
    void aCancelledBatchEndsOnlyWhenItsMemoryIsNoLongerRead() throws Exception {
        QueuedBatch batch = add(2, 100);
        List<Outgoing> burst = queue.next(lane, 1, 1 << 20);
        assertThat(queue.cancel(batch, STOP, Duration.ZERO)).isFalse();
        assertThat(batch.done()).isNotDone();
        queue.sent(lane, burst);
        assertThat(batch.done()).isCompletedExceptionally();
        QueuedBatch next = add(1, 100);
        assertThat(sendSome())
                .as("the cancelled batch's second slice is not sent")
                .containsExactly(2L);
        queue.acknowledged(lane, 2);
        assertThat(next.done()).isCompleted();
    }

    @Test
    void closingFailsABatchOnlyWhenItsMemoryIsNoLongerRead() throws Exception {
        QueuedBatch batch = add(2, 100);
        List<Outgoing> burst = queue.next(lane, 1, 1 << 20);
        assertThat(queue.close(STOP)).isTrue();
        Thread closer = Thread.ofVirtual().start(queue::failAll);
        assertThat(batch.done()).isNotDone();
        queue.sent(lane, burst);
        closer.join();
        assertThat(batch.done()).isCompletedExceptionally();
        assertThat(queue.next(lane, 1, 1)).isEmpty();
        assertThatThrownBy(() -> add(1, 1)).isSameAs(STOP);
    }

    @Test
    void aRefusedSliceFailsItsBatchAndNoOther() throws Exception {
        QueuedBatch refused = add(1, 100);
        QueuedBatch fine = add(1, 100);
        sendSome();
        queue.refused(lane, 1, STOP);
        assertThat(refused.done()).isCompletedExceptionally();
        queue.acknowledged(lane, 2);
        assertThat(fine.done()).isCompleted();
        assertThat(queue.bytesInFlight(lane)).isZero();
    }

    @Test
    void anAcknowledgementOfWhatWasNeverSentIsAProtocolError() throws Exception {
        add(1, 100);
        sendSome();
        assertThatThrownBy(() -> queue.acknowledged(lane, 2)).hasMessage("an ACK of write 2, but only 1 were sent");
    }

    @Test
    void batchesAreOverdueAfterTheirTimeout() throws Exception {
        QueuedBatch batch = add(1, 100);
        assertThat(queue.overdue(time.nanoTime())).isEmpty();
        time.advance(Duration.ofSeconds(5));
        assertThat(queue.overdue(time.nanoTime())).containsExactly(batch);
    }

    @Test
    void theStallClockRunsOnlyWhileThePeerOwesAnAcknowledgement() throws Exception {
        time.advance(Duration.ofSeconds(100));
        add(1, 100);
        assertThat(queue.stalledNanos(lane, time.nanoTime())).isNegative();
        sendSome();
        time.advance(Duration.ofSeconds(3));
        assertThat(queue.stalledNanos(lane, time.nanoTime())).isEqualTo(3_000_000_000L);
        queue.acknowledged(lane, 1);
        assertThat(queue.stalledNanos(lane, time.nanoTime())).isNegative();
    }
}
