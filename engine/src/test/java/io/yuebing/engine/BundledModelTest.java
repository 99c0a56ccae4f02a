package io.yuebing.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.SampledToken;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.TokenStream;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import io.yuebing.model.CausalLm;
import io.yuebing.model.Models;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The bundled model says the same, bit for bit, however a request is computed. */
@Timeout(180)
class BundledModelTest {
    private static final Path MODEL = Path.of("../models/demo");

    /** The fastest settings and the exact ones. */
    @Test
    void tokensAndLogprobsDoNotDependOnTheWay() throws InterruptedException {
        sameBits(ComputeMode.INT8, ElementType.BF16);
        sameBits(ComputeMode.F32, ElementType.F32);
    }

    private static void sameBits(ComputeMode compute, ElementType kvType) throws InterruptedException {
        List<GenerateRequest> requests =
                IntStream.range(0, 32).mapToObj(BundledModelTest::request).toList();
        List<Result> alone = new ArrayList<>();
        try (CausalLm model = load(compute, 1);
                Engine engine = Engine.start(model, config(4096, 1, kvType, false))) {
            for (GenerateRequest request : requests) {
                alone.add(Result.of(engine.generate(request)));
            }
        }
        try (CausalLm model = load(compute, 2)) {
            for (int budget : new int[] {1, 7, 64, 4096}) {
                try (Engine engine = Engine.start(model, config(budget, budget == 1 ? 1 : 32, kvType, true))) {
                    // With one token a step a few requests, one after the other, tell enough.
                    int first = budget == 1 ? 28 : 0;
                    List<TokenStream> streams = new ArrayList<>();
                    for (int i = first; i < requests.size(); i++) {
                        streams.add(engine.generate(requests.get(i)));
                    }
                    for (int i = first; i < requests.size(); i++) {
                        Result result = Result.of(streams.get(i - first));
                        same(result, alone.get(i), "request " + i + ", budget " + budget);
                    }
                    same(Result.of(engine.generate(requests.getLast())), alone.getLast(), "with a cached prefix");
                    Idle.await(engine);
                }
            }
            try (CausalLm second = load(compute, 1);
                    Engine prefill = Engine.start(model, config(16, 4, kvType, true));
                    Engine decode = Engine.start(second, config(64, 4, kvType, true))) {
                for (int i = 0; i < requests.size(); i++) {
                    assertThat(handedOff(prefill, decode, requests.get(i)))
                            .as("request %d handed off", i)
                            .isEqualTo(alone.get(i).tokens());
                }
            }
        }
    }

    private static List<SampledToken> handedOff(Engine prefill, Engine decode, GenerateRequest request)
            throws InterruptedException {
        try (BlockReservation reservation = decode.reserve(request.promptTokens().length, Duration.ofSeconds(20))) {
            CopyingSink sink = new CopyingSink(prefill, decode, reservation);
            List<SampledToken> tokens = new ArrayList<>();
            try (TokenStream stream = prefill.prefill(request, sink)) {
                stream.next();
                tokens.add(((GenerateEvent.Token) stream.next()).token());
                sink.hold().join().close();
                stream.next();
            }
            int first = tokens.getFirst().id();
            tokens.addAll(Result.of(decode.resume(request.continuing(first), reservation))
                    .tokens());
            return tokens;
        }
    }

    private static void same(Result result, Result expected, String where) {
        assertThat(result.tokens()).as(where).isEqualTo(expected.tokens());
        assertThat(result.prompt().promptLogprobs())
                .as(where)
                .isEqualTo(expected.prompt().promptLogprobs());
        assertThat(result.finished()).as(where).isEqualTo(expected.finished());
    }

    private static CausalLm load(ComputeMode compute, int threads) {
        return Models.load(MODEL, new Models.LoadOptions(compute, threads, Models.ProgressListener.NONE));
    }

    private static EngineConfig config(int budget, int sequences, ElementType kvType, boolean prefixCaching) {
        return new EngineConfig(16, 300, budget, sequences, 64, 256, kvType, prefixCaching, "0");
    }

    /** Prompts of 1 to 74 tokens with common beginnings, greedy and sampled, all with log-probabilities. */
    private static GenerateRequest request(int i) {
        int[] prompt = IntStream.range(0, 1 + i * 5 % 74)
                .map(position -> 100 + (position < 20 ? position : position * (i + 3)) % 3000)
                .toArray();
        SamplingParams sampling = SamplingParams.builder()
                .temperature(i % 2 == 0 ? 0 : 0.9)
                .topP(0.95)
                .seed(i)
                .maxTokens(2 + i % 4)
                .ignoreEos(true)
                .logprobs(3)
                .promptLogprobs(i % 4 == 0 ? 1 : -1)
                .build();
        return GenerateRequest.of("bundled-" + i, prompt, sampling);
    }
}
