package io.yuebing.dialect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.FinishReason;
import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.KvTransferParams;
import io.yuebing.api.NodeState;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.ServiceException;
import io.yuebing.api.TokenStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A server that drains finishes what it has, takes only what it has promised, and says why it breaks off the rest. */
@Timeout(60)
class DrainGateTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final GenerateEvent LAST = new GenerateEvent.Finished(FinishReason.STOP, OptionalInt.empty());

    private final BlockingQueue<Object> events = new LinkedBlockingQueue<>();
    private Object whenClosed = new GenerateEvent.Finished(FinishReason.ABORT, OptionalInt.empty());
    private final DrainGate gate = new DrainGate(this::waiting, "this server");
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    /** A stream that says what is put into the queue, and learns of its end there. */
    private TokenStream waiting(GenerateRequest request) {
        return new TokenStream() {
            @Override
            public GenerateEvent next() throws InterruptedException {
                if (events.take() instanceof GenerateEvent event) {
                    return event;
                }
                throw new ServiceException(ErrorCode.BAD_GATEWAY, "the connection was closed");
            }

            @Override
            public void close() {
                events.add(whenClosed);
            }
        };
    }

    private static GenerateRequest request() {
        return GenerateRequest.of("r1", new int[] {1, 2}, SamplingParams.greedy(5));
    }

    private Future<?> drain(Duration longest, AtomicBoolean otherWork) {
        return threads.submit(() -> {
            gate.drain("server", longest, otherWork::get);
            return null;
        });
    }

    @Test
    void whatRunsAndOtherWorkIsWaitedForAndNothingNewGetsIn() throws Exception {
        AtomicBoolean otherWork = new AtomicBoolean(true);
        TokenStream running = gate.generate(request());
        gate.close();

        assertThat(gate.state()).isEqualTo(NodeState.DRAINING);
        assertThat(gate.and(Readiness.READY).obstacle())
                .hasValue("draining: this server finishes what runs and ends then");
        assertThatThrownBy(() -> gate.generate(request()))
                .hasMessage("this server drains and takes no new work; send the request to another one")
                .extracting(e -> ((ServiceException) e).code())
                .isEqualTo(ErrorCode.UNAVAILABLE);
        Future<?> drained = drain(LONG, otherWork);
        events.add(LAST);
        assertThat(running.next()).isEqualTo(LAST);
        running.close();
        assertThat(drained).isNotDone();
        otherWork.set(false);
        assertThat(drained).succeedsWithin(LONG);
    }

    @Test
    void aRequestWhoseKvCacheWasPromisedRoomStillGetsIn() throws Exception {
        gate.close();
        KvTransferParams promise =
                new KvTransferParams(false, true, "t", 1, "h", 80, List.of(1, 2), 1, 1_800_000_000_000L);
        try (TokenStream promised = gate.generate(request().withKvTransfer(Optional.of(promise)))) {
            events.add(LAST);
            assertThat(promised.next()).isEqualTo(LAST);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatDoesNotFinishInTimeIsToldThatTheServerStops(boolean endsQuietly) throws Exception {
        if (!endsQuietly) {
            whenClosed = "connection closed";
        }
        TokenStream endless = gate.generate(request());
        Future<?> drained = drain(Duration.ZERO, new AtomicBoolean());

        assertThatThrownBy(endless::next)
                .hasMessage("this server stops and has not finished the request; another one can")
                .extracting(e -> ((ServiceException) e).code())
                .isEqualTo(ErrorCode.UNAVAILABLE);
        endless.close();
        assertThat(drained).succeedsWithin(LONG);
    }

    @Test
    void aFailureOfItsOwnStaysWhatItIs() throws Exception {
        try (TokenStream failing = gate.generate(request())) {
            events.add("failure");
            assertThatThrownBy(failing::next).hasMessage("the connection was closed");
        }
    }
}
