package io.yuebing.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.FinishReason;
import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.SampledToken;
import io.yuebing.api.ServiceException;
import io.yuebing.api.TokenStream;
import io.yuebing.kv.ElementType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Many clients at once, some of whom leave, in pools that are too small for them. */
@Timeout(120)
class EngineSimulationTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static Engine start(List<Integer> windows, int blocks, int budget, int sequences) {
        return Engine.start(
                new HashingModel(windows),
                new EngineConfig(4, blocks, budget, sequences, 300, 200, ElementType.F32, true, "0"));
    }

    /** Models whose layers attend to everything, to a window, to one or the other. */
    private static List<List<Integer>> windows() {
        return List.of(List.of(0, 0, 0), List.of(6, 6, 6), List.of(6, 0, 6, 0), List.of(6, 11, 0, 6));
    }

    @ParameterizedTest
    @MethodSource("windows")
    void twoHundredStreamsWithDisconnectsLeaveNothingBehind(List<Integer> windows) throws Exception {
        long seed = 200;
        List<Result> expected = new ArrayList<>();
        try (Engine reference = start(windows, 800, 64, 1)) {
            for (int i = 0; i < 32; i++) {
                expected.add(Result.of(reference.generate(EngineTest.varied(i))));
            }
        }
        try (Engine engine = start(windows, 70, 48, 24)) {
            List<Future<?>> clients = new ArrayList<>();
            try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
                for (int i = 0; i < 200; i++) {
                    Random random = new Random(seed + i);
                    int kind = i % 32;
                    clients.add(threads.submit(() -> {
                        TokenStream stream = engine.generate(EngineTest.varied(kind));
                        client(stream, random, expected.get(kind), "seed " + seed + ", request " + kind);
                        return null;
                    }));
                }
            }
            for (Future<?> client : clients) {
                client.get();
            }
            Idle.await(engine);
            if (windows.contains(0)) {
                assertThat(engine.stats().preemptions()).isPositive();
            }
        }
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().equals("engine"));
    }

    /** Reads all of a stream, or leaves somewhere on the way. */
    private static void client(TokenStream stream, Random random, Result expected, String who)
            throws InterruptedException {
        int leaveAfter = random.nextBoolean() ? Integer.MAX_VALUE : random.nextInt(12);
        List<SampledToken> tokens = new ArrayList<>();
        try (stream) {
            for (int events = 0; events < leaveAfter; events++) {
                switch (stream.next()) {
                    case GenerateEvent.PromptDone prompt ->
                        assertThat(prompt.promptLogprobs())
                                .isEqualTo(expected.prompt().promptLogprobs());
                    case GenerateEvent.Token(SampledToken token) -> tokens.add(token);
                    case GenerateEvent.Finished finished -> {
                        assertThat(tokens).as(who).isEqualTo(expected.tokens());
                        assertThat(finished).as(who).isEqualTo(expected.finished());
                        return;
                    }
                }
            }
        }
        assertThat(tokens).as(who).isEqualTo(expected.tokens().subList(0, tokens.size()));
    }

    @ParameterizedTest
    @MethodSource("windows")
    void handOffsBetweenCrowdedEnginesGiveTheTokensOfAnEmptyOne(List<Integer> windows) throws Exception {
        long seed = 4711;
        List<Result> expected = new ArrayList<>();
        try (Engine reference = start(windows, 800, 64, 1)) {
            for (int i = 0; i < 32; i++) {
                expected.add(Result.of(reference.generate(EngineTest.varied(i))));
            }
        }
        try (Engine prefill = start(windows, 45, 16, 8);
                Engine decode = start(windows, 60, 32, 8)) {
            List<Future<?>> clients = new ArrayList<>();
            try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
                for (int i = 0; i < 160; i++) {
                    int kind = i % 32;
                    Random random = new Random(seed + i);
                    clients.add(threads.submit(() -> {
                        handOff(prefill, decode, kind, random, expected.get(kind), "seed " + seed);
                        return null;
                    }));
                }
            }
            for (Future<?> client : clients) {
                client.get();
            }
            Idle.await(prefill);
            Idle.await(decode);
        }
    }

    /** The way of one request over both engines; at every stage the client may leave or the transfer fail. */
    private static void handOff(Engine prefill, Engine decode, int kind, Random random, Result expected, String seed)
            throws InterruptedException {
        GenerateRequest request = EngineTest.varied(kind);
        String who = seed + ", request " + kind;
        int fate = random.nextInt(8);
        try (BlockReservation reservation = decode.reserve(request.promptTokens().length, PATIENCE)) {
            if (fate == 0) {
                return;
            }
            CopyingSink sink = new CopyingSink(prefill, decode, reservation);
            int first;
            try (TokenStream stream = prefill.prefill(request, sink)) {
                if (fate == 1) {
                    return;
                }
                stream.next();
                SampledToken token = ((GenerateEvent.Token) stream.next()).token();
                assertThat(token).as(who).isEqualTo(expected.tokens().getFirst());
                first = token.id();
                if (fate == 2) {
                    return;
                }
                if (!endsHandedOff(stream, sink, fate == 3)) {
                    return;
                }
            }
            try (TokenStream rest = decode.resume(request.continuing(first), reservation)) {
                List<SampledToken> after =
                        expected.tokens().subList(1, expected.tokens().size());
                rest.next(); // the prompt, for the second time
                int leaveAfter = fate == 4 ? random.nextInt(5) : Integer.MAX_VALUE;
                for (int i = 0; i < leaveAfter; i++) {
                    switch (rest.next()) {
                        case GenerateEvent.Token(SampledToken token) ->
                            assertThat(token).as(who).isEqualTo(after.get(i));
                        case GenerateEvent.Finished finished -> {
                            assertThat(i).as(who).isEqualTo(after.size());
                            assertThat(finished).as(who).isEqualTo(expected.finished());
                            return;
                        }
                        case GenerateEvent.PromptDone again -> throw new AssertionError(who + ": a second " + again);
                    }
                }
            }
        }
    }

    private static boolean endsHandedOff(TokenStream stream, CopyingSink sink, boolean fails)
            throws InterruptedException {
        if (!sink.hold().isCancelled()) {
            BlockHold hold = sink.hold().join();
            if (fails) {
                hold.fail(new ServiceException(ErrorCode.BAD_GATEWAY, "cut"));
                return false;
            }
            hold.close();
        }
        return ((GenerateEvent.Finished) stream.next()).reason() == FinishReason.HANDOFF;
    }
}
