package io.yuebing.connector;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.KvPull;
import io.yuebing.api.ServiceException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Brings those who pull a prompt together with the one that computes it, whoever comes first. */
public final class Rendezvous {
    /** Names remembered; the oldest is forgotten for a new one, and whoever waits for it is told so. */
    private static final int MEMORY = 4096;

    private final LinkedHashMap<String, CompletableFuture<KvPull>> prompts = new LinkedHashMap<>();

    /** The prompt of this name is computed and kept. */
    public void kept(String name, KvPull where) {
        announced(name).complete(where);
    }

    /** The prompt of this name will not come. */
    public void failed(String name, ServiceException why) {
        announced(name).completeExceptionally(why);
    }

    private synchronized CompletableFuture<KvPull> announced(String name) {
        CompletableFuture<KvPull> known = prompts.get(name);
        // a name that comes a second time names another prompt
        return known != null && !known.isDone() ? known : remember(name);
    }

    private synchronized CompletableFuture<KvPull> wanted(String name) {
        CompletableFuture<KvPull> known = prompts.get(name);
        return known != null ? known : remember(name);
    }

    private CompletableFuture<KvPull> remember(String name) {
        CompletableFuture<KvPull> fresh = new CompletableFuture<>();
        prompts.putLast(name, fresh);
        if (prompts.size() > MEMORY) {
            Map.Entry<String, CompletableFuture<KvPull>> oldest = prompts.pollFirstEntry();
            if (oldest != null) {
                oldest.getValue()
                        .completeExceptionally(new ServiceException(
                                ErrorCode.UNAVAILABLE, "too many prompts are waited for here", "kv_transfer_params"));
            }
        }
        return fresh;
    }

    /**
     * Waits for the prompt of a name.
     *
     * @return empty if it has not come in time
     * @throws ServiceException if it will not come
     */
    public Optional<KvPull> await(String name, Duration patience) throws InterruptedException {
        try {
            return Optional.of(wanted(name).get(patience.toNanos(), TimeUnit.NANOSECONDS));
        } catch (TimeoutException e) {
            return Optional.empty();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof ServiceException failure) {
                throw failure;
            }
            throw new IllegalStateException(e.getCause());
        }
    }
}
