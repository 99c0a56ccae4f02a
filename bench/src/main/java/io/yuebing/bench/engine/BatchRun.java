package io.yuebing.bench.engine;

import io.yuebing.api.FinishReason;
import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.OutputConstraint;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.TokenStream;
import io.yuebing.api.UserError;
import io.yuebing.engine.Engine;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.Callable;
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
    private static final int ATTEMPTS = 20;

    /**
     * Runs and waits.
     *
     * <p>A reader that the operating system keeps from its first token makes the others' tokens look like those of the
     * prefill, up to their last; such a run says nothing and is made again.
     *
     * @param generate tokens of each sequence to measure
     * @param maxTokens tokens that each may generate, as {@link EngineBenchOptions#maxTokens} counts
     * @param constraint what the answers are held to; must not let them end
     * @throws UserError if readers were kept waiting in one run after the other
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
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Optional<BatchRun> run = attempt(engine, batch, prompt, generate, maxTokens, constraint, random);
            if (run.isPresent()) {
                return run.get();
            }
        }
        throw new UserError("this machine is too busy to measure: in " + ATTEMPTS
                + " runs one after the other, sequences"
                + " ended before every one of the batch of " + batch + " was seen to begin; end other work on it or"
                + " raise --generate");
    }

    private static Optional<BatchRun> attempt(
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
            List<Future<OptionalLong>> ends =
                    readers.stream().map(threads::submit).toList();
            long decoded = Long.MIN_VALUE;
            boolean disturbed = false;
            for (Future<OptionalLong> end : ends) {
                OptionalLong last = get(end);
                disturbed |= last.isEmpty();
                decoded = Math.max(decoded, last.orElse(decoded));
            }
            if (disturbed) {
                return Optional.empty();
            }
            long prefilled =
                    readers.stream().mapToLong(Reader::firstToken).max().orElseThrow();
            return Optional.of(new BatchRun((prefilled - submitted) / 1e9, (decoded - prefilled) / 1e9));
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

    private static OptionalLong get(Future<OptionalLong> end) throws InterruptedException {
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
    private static final class Reader implements Callable<OptionalLong>, AutoCloseable {
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

        /**
         * Reads {@code generate} tokens after all sequences were seen to have their first.
         *
         * @return when the last of them came; empty if the sequence ended before
         */
        @Override
        public OptionalLong call() throws InterruptedException {
            firstToken = token().orElseThrow(() -> new IllegalStateException("A measured sequence had no token"));
            firstTokens.countDown();
            OptionalLong arrived = OptionalLong.of(firstToken);
            int counted = 0;
            while (counted < generate && arrived.isPresent()) {
                boolean together = firstTokens.getCount() == 0;
                arrived = token();
                if (together) {
                    counted++;
                }
            }
            return arrived;
        }

        /** When the next token came; empty if the sequence reached its length. */
        private OptionalLong token() throws InterruptedException {
            while (true) {
                switch (stream.next()) {
                    case GenerateEvent.PromptDone done -> {}
                    case GenerateEvent.Token token -> {
                        return OptionalLong.of(System.nanoTime());
                    }
                    case GenerateEvent.Finished end
                    when end.reason() == FinishReason.LENGTH -> {
                        return OptionalLong.empty();
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
