package io.yuebing.dialect;

import io.yuebing.api.FinishReason;
import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.Generator;
import io.yuebing.api.SampledToken;
import io.yuebing.api.TokenLogprob;
import io.yuebing.api.TokenStream;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Says the tokens it is told to say, as fast as it is allowed to, and remembers what was asked of it. */
final class ScriptedGenerator implements Generator {
    /** Requests in order of arrival. */
    final BlockingQueue<GenerateRequest> requests = new LinkedBlockingQueue<>();

    /** Ids of requests whose stream was closed, with how many events had been read. */
    final BlockingQueue<Closed> closed = new LinkedBlockingQueue<>();

    record Closed(String requestId, int eventsRead) {}

    /** What each request is answered with; an exception among the events is thrown. */
    volatile Function<GenerateRequest, List<Object>> script = request -> List.of();

    /** Events that may still be delivered; unlimited unless a test takes the permits away. */
    private volatile @Nullable Semaphore permits;

    /** From now on every event needs a permit. */
    Semaphore gate() {
        Semaphore gate = new Semaphore(0);
        permits = gate;
        return gate;
    }

    /** Answers with these tokens, cut at {@code max_tokens}. */
    void say(int... tokens) {
        script = request -> answer(request, tokens);
    }

    Closed awaitClosed() throws InterruptedException {
        Closed one = closed.poll(20, TimeUnit.SECONDS);
        if (one == null) {
            throw new AssertionError("no stream was closed within 20 s");
        }
        return one;
    }

    GenerateRequest awaitRequest() throws InterruptedException {
        GenerateRequest request = requests.poll(20, TimeUnit.SECONDS);
        if (request == null) {
            throw new AssertionError("nothing was generated within 20 s");
        }
        return request;
    }

    static List<Object> answer(GenerateRequest request, int... tokens) {
        int logprobs = request.sampling().logprobs();
        int n = Math.min(tokens.length, request.sampling().maxTokens());
        List<Object> events = new ArrayList<>();
        events.add(new GenerateEvent.PromptDone(request.promptTokens().length / 2, promptLogprobs(request)));
        for (int i = 0; i < n; i++) {
            events.add(new GenerateEvent.Token(
                    logprobs < 0 ? SampledToken.bare(tokens[i]) : withLogprobs(tokens[i], i, logprobs)));
        }
        events.add(new GenerateEvent.Finished(
                n < tokens.length ? FinishReason.LENGTH : FinishReason.STOP, OptionalInt.empty()));
        return events;
    }

    private static List<SampledToken> promptLogprobs(GenerateRequest request) {
        List<SampledToken> logprobs = new ArrayList<>();
        for (int i = 1; request.sampling().promptLogprobs() >= 0 && i < request.promptTokens().length; i++) {
            logprobs.add(withLogprobs(
                    request.promptTokens()[i], i, request.sampling().promptLogprobs()));
        }
        return logprobs;
    }

    /** Alternatives are the ids that follow, each half as likely; the last one is impossible. */
    private static SampledToken withLogprobs(int id, int position, int alternatives) {
        List<TokenLogprob> top = new ArrayList<>();
        for (int k = 0; k < alternatives; k++) {
            float logprob =
                    k > 0 && k == alternatives - 1 ? Float.NEGATIVE_INFINITY : -0.1f * (position + 1) - 0.5f * k;
            top.add(new TokenLogprob(id + k, logprob, k + 1));
        }
        return new SampledToken(id, -0.1f * (position + 1), 1, top);
    }

    @Override
    public TokenStream generate(GenerateRequest request) {
        requests.add(request);
        Iterator<Object> events = script.apply(request).iterator();
        return new TokenStream() {
            private int read;
            private boolean open = true;

            @Override
            public GenerateEvent next() throws InterruptedException {
                Semaphore gate = permits;
                if (gate != null) {
                    gate.acquire();
                }
                Object event = events.next();
                if (event instanceof RuntimeException failure) {
                    throw failure;
                }
                read++;
                return (GenerateEvent) event;
            }

            @Override
            public void close() {
                if (open) {
                    open = false;
                    closed.add(new Closed(request.requestId(), read));
                }
            }
        };
    }
}
