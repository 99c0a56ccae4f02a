package io.yuebing.bench.serving;

import io.yuebing.api.UserError;
import io.yuebing.bench.Progress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;

/**
 * Loads a server with requests and measures what its clients see.
 *
 * <p>One request before the measurement finds out how many tokens the server's tokenizer makes of a word.
 */
public final class ServingBench {
    private static final int CALIBRATION_WORDS = 200;
    private static final long ANSWER_SECONDS = 600;

    private final ServingOptions options;
    private final OpenAiClient client;
    private final Progress progress;
    private final AtomicInteger ended = new AtomicInteger();
    private final AtomicInteger failed = new AtomicInteger();

    private ServingBench(ServingOptions options, OpenAiClient client, Progress progress) {
        this.options = options;
        this.client = client;
        this.progress = progress;
    }

    /**
     * Measures.
     *
     * @throws UserError if the server does not answer the first request
     */
    public static ServingReport run(List<PlannedRequest> requests, ServingOptions options, Progress progress)
            throws InterruptedException {
        try (OpenAiClient client = OpenAiClient.connect(options)) {
            ServingBench bench = new ServingBench(options, client, progress);
            PromptText text = bench.calibrate();
            List<RequestRecord> records = bench.send(requests, text);
            return new ServingReport(
                    client.model(),
                    options,
                    records,
                    ServingStatistics.of(records, options.sloTtft(), options.sloItl()));
        }
    }

    private PromptText calibrate() throws InterruptedException {
        PromptText unknown = new PromptText(options.seed(), 1);
        RequestRecord probe =
                client.send(unknown.words(-1, CALIBRATION_WORDS).strip(), 1, System::nanoTime, System.nanoTime());
        if (probe.failure().isPresent()) {
            throw new UserError("a first request to " + options.url() + " for model " + client.model() + " failed: "
                    + probe.failure().get() + "; check --url and --model, and the server's log");
        }
        double tokensPerWord = probe.promptTokens() == 0 ? 1 : (double) probe.promptTokens() / CALIBRATION_WORDS;
        return new PromptText(options.seed(), tokensPerWord);
    }

    private List<RequestRecord> send(List<PlannedRequest> requests, PromptText text) throws InterruptedException {
        List<String> prompts = requests.stream().map(text::of).toList(); // not while the clock runs
        List<Future<RequestRecord>> answers = new ArrayList<>();
        List<RequestRecord> records = new ArrayList<>();
        Semaphore places = new Semaphore(options.load() instanceof Load.ClosedLoop(int clients) ? clients : 0);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        try {
            long begin = System.nanoTime();
            LongSupplier clock = () -> System.nanoTime() - begin;
            for (int i = 0; i < requests.size(); i++) {
                PlannedRequest request = requests.get(i);
                String prompt = prompts.get(i);
                boolean closed = options.load() instanceof Load.ClosedLoop;
                if (closed) {
                    places.acquire();
                } else {
                    TimeUnit.NANOSECONDS.sleep(request.atNanos() - clock.getAsLong());
                }
                long intended = closed ? clock.getAsLong() : request.atNanos();
                answers.add(threads.submit(() -> {
                    try {
                        return ended(client.send(prompt, request.outputTokens(), clock, intended), requests.size());
                    } finally {
                        places.release();
                    }
                }));
            }
            for (int i = 0; i < answers.size(); i++) {
                records.add(await(answers.get(i), requests.get(i), clock));
            }
        } finally {
            threads.shutdownNow();
        }
        return records;
    }

    private RequestRecord ended(RequestRecord record, int total) {
        int done = ended.incrementAndGet();
        int failures = record.answered() ? failed.get() : failed.incrementAndGet();
        progress.at(
                done + " of " + total + " requests" + (failures == 0 ? "" : ", " + failures + " failed"),
                (double) done / total);
        return record;
    }

    private static RequestRecord await(Future<RequestRecord> answer, PlannedRequest request, LongSupplier clock)
            throws InterruptedException {
        try {
            return answer.get(ANSWER_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            answer.cancel(true);
            return new RequestRecord(
                    request.atNanos(), List.of(), clock.getAsLong(), 0, 0, Optional.of("no end within 10 minutes"));
        } catch (ExecutionException e) {
            throw new IllegalStateException("A request could not be measured", e);
        }
    }
}
