package io.yuebing.bench.engine;

import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.OutputConstraint;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.TokenStream;
import io.yuebing.engine.Engine;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Some prompts at once, from their submission until each has generated enough.
 *
 * <pre>
 *   submitted            first token of all                 last of the tokens that count
 *       |--- prefill -----------|------------- decode ------------------|
 * </pre>
 *
 * While later prompts are computed, earlier sequences decode already; these few tokens are part of the prefill's time
 * and are not counted.
 *
 * @param prefillSeconds from the submission to the moment when every sequence had its first token
 * @param decodeSeconds from then to the moment when every sequence had {@code generate} more
 */
record BatchRun(double prefillSeconds, double decodeSeconds) {

    /**
     * Runs and waits.
     *
     * @param generate tokens of each sequence to measure
     * @param maxTokens tokens that each may generate, as {@link EngineBenchOptions#maxTokens} counts
     * @param constraint what the answers are held to; must not let them end
     */
    static BatchRun of(
            Engine engine,
            int batch,
            int prompt,
            int generate,
            int maxTokens,
            Optional<OutputConstraint> constraint,
            Random random)
            throws InterruptedException {
        List<GenerateRequest> requests = new ArrayList<>();
        for (int i = 0; i < batch; i++) {
            requests.add(
                    request("bench-" + i, prompt, maxTokens, engine.config().vocabSize(), constraint, random));
        }
        CountDownLatch firstTokens = new CountDownLatch(batch);
        List<Reader> readers = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            long submitted = System.nanoTime();
            for (GenerateRequest request : requests) {
                readers.add(new Reader(engine.generate(request), generate, firstTokens));
            }
            List<Future<Long>> ends = readers.stream().map(threads::submit).toList();
            long decoded = Long.MIN_VALUE;
            for (Future<Long> end : ends) {
                decoded = Math.max(decoded, get(end));
            }
            long prefilled =
                    readers.stream().mapToLong(Reader::firstToken).max().orElseThrow();
            return new BatchRun((prefilled - submitted) / 1e9, (decoded - prefilled) / 1e9);
        } finally {
            readers.forEach(Reader::close);
        }
    }

    private static GenerateRequest request(
            String id, int prompt, int maxTokens, int vocabSize, Optional<OutputConstraint> constraint, Random random) {
        int[] tokens = random.ints(prompt, 0, vocabSize).toArray();
        SamplingParams sampling = SamplingParams.builder()
                .temperature(0)
                .ignoreEos(true)
                .maxTokens(maxTokens)
                .build();
        return GenerateRequest.of(id, tokens, sampling).withConstraint(constraint);
    }

    private static long get(Future<Long> end) throws InterruptedException {
        try {
            return end.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException("A measured sequence failed", e);
        }
    }

    /** Reads one sequence and remembers when tokens came. */
    private static final class Reader implements java.util.concurrent.Callable<Long>, AutoCloseable {
        private final TokenStream stream;
        private final int generate;
        private final CountDownLatch firstTokens;
        private volatile long firstToken;

        Reader(TokenStream stream, int generate, CountDownLatch firstTokens) {
            this.stream = stream;
            this.generate = generate;
            this.firstTokens = firstTokens;
        }

        long firstToken() {
            return firstToken;
        }

        /** Reads {@code generate} tokens after all sequences have their first; returns when the last of them came. */
        @Override
        public Long call() throws InterruptedException {
            long arrived = token();
            firstToken = arrived;
            firstTokens.countDown();
            int counted = 0;
            while (counted < generate) {
                boolean together = firstTokens.getCount() == 0;
                arrived = token();
                if (together) {
                    counted++;
                }
            }
            return arrived;
        }

        private long token() throws InterruptedException {
            while (true) {
                switch (stream.next()) {
                    case GenerateEvent.PromptDone done -> {}
                    case GenerateEvent.Token token -> {
                        return System.nanoTime();
                    }
                    case GenerateEvent.Finished end ->
                        throw new IllegalStateException("A measured sequence ended early: " + end.reason());
                }
            }
        }

        @Override
        public void close() {
            stream.close();
        }
    }
}
