package io.yuebing.node;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.KvLoadFailurePolicy;
import io.yuebing.api.KvPull;
import io.yuebing.api.KvRendezvous;
import io.yuebing.api.ServiceException;
import io.yuebing.api.TokenStream;
import io.yuebing.connector.KvPuller;
import io.yuebing.engine.BlockReservation;
import io.yuebing.engine.Engine;
import io.yuebing.engine.KvPrefix;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Generates from prompts that other nodes have computed and keep.
 *
 * <p>All tokens but the last one of the prompt are pulled; the last is computed here, because the first output is sampled
 * from its logits. The choices of one request take turns: the first pulls, the others find its blocks in the prefix
 * cache, and with the last one the keeper is released.
 */
final class PullDesk {
    private static final Logger LOG = LoggerFactory.getLogger(PullDesk.class);

    /** Prompts whose readers are waited for; the oldest is forgotten for a new one, and its lease expires. */
    private static final int MEMORY = 4096;

    private final Engine engine;
    private final KvPuller puller;
    private final KeptClient keepers;
    private final Duration patience;
    private final KvLoadFailurePolicy policy;
    private final Map<String, Turns> turns = new LinkedHashMap<>();
    private final Map<PullFallback, LongAdder> fallbacks = new ConcurrentHashMap<>();

    /** The readers of one kept prompt. */
    private static final class Turns {
        private final ReentrantLock lock = new ReentrantLock();
        private int left;

        Turns(int readers) {
            left = readers;
        }
    }

    /**
     * @param patience how long a request waits for room
     * @param policy what a failed pull leads to, unless the request says otherwise
     */
    PullDesk(Engine engine, KvPuller puller, KeptClient keepers, Duration patience, KvLoadFailurePolicy policy) {
        this.engine = engine;
        this.puller = puller;
        this.keepers = keepers;
        this.patience = patience;
        this.policy = policy;
    }

    /** Pulls the prompt when the node that computes it has it. */
    TokenStream generate(GenerateRequest request, KvRendezvous meeting) throws InterruptedException {
        KvPull source;
        try {
            source = keepers.await(meeting);
        } catch (ServiceException e) {
            return without(request, e);
        }
        return generate(request, source);
    }

    /** Pulls the prompt, then generates. */
    TokenStream generate(GenerateRequest request, KvPull source) throws InterruptedException {
        Turns here = turns(source);
        try {
            here.lock.lockInterruptibly();
            try {
                return inTurn(request, source);
            } finally {
                here.lock.unlock();
            }
        } finally {
            if (wasLast(source, here)) {
                // an unreachable keeper must not delay the first token
                Thread.ofVirtual().name("kv-release-" + source.requestId()).start(() -> puller.release(source));
            }
        }
    }

    private synchronized Turns turns(KvPull source) {
        Turns here = turns.computeIfAbsent(source.requestId(), _ -> new Turns(source.readers()));
        if (turns.size() > MEMORY) {
            turns.remove(turns.keySet().iterator().next());
        }
        return here;
    }

    private synchronized boolean wasLast(KvPull source, Turns here) {
        here.left--;
        if (here.left > 0) {
            return false;
        }
        turns.remove(source.requestId(), here);
        return true;
    }

    private TokenStream inTurn(GenerateRequest request, KvPull source) throws InterruptedException {
        int tokens = request.knownTokens().length - 1;
        if (request.sampling().promptLogprobs() >= 0) {
            count(PullFallback.COMPUTED_FOR_PROMPT_LOGPROBS, request.requestId());
            return engine.generate(request);
        }
        if (tokens == 0) {
            return engine.generate(request);
        }
        BlockReservation blocks = engine.reserve(KvPrefix.of(request, tokens), patience);
        boolean resumed = false;
        try {
            puller.pull(source, blocks);
            TokenStream stream = engine.resume(request, blocks);
            resumed = true;
            return stream;
        } catch (ServiceException e) {
            if (e.code() != ErrorCode.BAD_GATEWAY) {
                throw e;
            }
            blocks.close();
            return without(request, e);
        } finally {
            if (!resumed) {
                blocks.close();
            }
        }
    }

    /** What the policy says when the prompt cannot be had. */
    private TokenStream without(GenerateRequest request, ServiceException why) {
        return switch (request.kvLoadFailure().orElse(policy)) {
            case FAIL ->
                throw new ServiceException(
                        ErrorCode.INTERNAL,
                        why.getMessage() + "; kv_load_failure_policy is fail, so the prompt is not computed again here",
                        "kv_transfer_params",
                        why);
            case RECOMPUTE -> {
                LOG.warn("{}: {}; the prompt is computed here", request.requestId(), why.getMessage());
                count(PullFallback.RECOMPUTED_AFTER_FAILED_PULL, request.requestId());
                yield engine.generate(request);
            }
        };
    }

    private void count(PullFallback fallback, String requestId) {
        fallbacks
                .computeIfAbsent(fallback, first -> {
                    LOG.info("{}: {} (more of these are only counted)", requestId, first.metricName());
                    return new LongAdder();
                })
                .increment();
    }

    /** How often it happened since the start. */
    long fallbacks(PullFallback which) {
        LongAdder counted = fallbacks.get(which);
        return counted == null ? 0 : counted.sum();
    }
}
