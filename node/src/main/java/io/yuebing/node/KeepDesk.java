package io.yuebing.node;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.FinishReason;
import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.KvKeep;
import io.yuebing.api.KvPull;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.ServiceException;
import io.yuebing.api.TokenStream;
import io.yuebing.connector.KeptPrompt;
import io.yuebing.connector.KvReceiver;
import io.yuebing.connector.Rendezvous;
import io.yuebing.engine.Engine;
import io.yuebing.transfer.PeerAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Computes prompts that other nodes pull, and tells these where they are. */
final class KeepDesk {
    private final Engine engine;
    private final KvReceiver receiver;
    private final PeerAddress reachedAt;
    private final Rendezvous rendezvous = new Rendezvous();

    /** @param reachedAt where other nodes reach the transfer port */
    KeepDesk(Engine engine, KvReceiver receiver, PeerAddress reachedAt) {
        this.engine = engine;
        this.receiver = receiver;
        this.reachedAt = reachedAt;
    }

    PeerAddress reachedAt() {
        return reachedAt;
    }

    /** Computes a prompt with its first token; the stream's end says where the KV cache is kept. */
    TokenStream keep(GenerateRequest request, KvKeep wish) {
        // request ids come from clients and come again; what is pulled must be this attempt
        String unique = request.requestId() + "-" + UUID.randomUUID().toString().replace("-", "");
        KeptPrompt prompt = receiver.keep(unique, reachedAt.host(), reachedAt.port());
        try {
            return new KeepingStream(engine.prefill(oneToken(request), prompt), prompt, wish.name());
        } catch (ServiceException e) {
            rendezvous.failed(wish.name(), e);
            throw e;
        }
    }

    /** Whoever pulls samples the first token again, so whatever it is must not end the sequence here. */
    private static GenerateRequest oneToken(GenerateRequest request) {
        SamplingParams sampling = request.sampling();
        return request.withSampling(sampling.toBuilder()
                .maxTokens(Math.max(2, sampling.maxTokens()))
                .minTokens(0)
                .ignoreEos(true)
                .stopTokenIds(List.of())
                .build());
    }

    /**
     * Waits for a prompt.
     *
     * @return empty if it has not come in time
     * @throws ServiceException if it will not come
     */
    Optional<KvPull> await(String name, Duration patience) throws InterruptedException {
        return rendezvous.await(name, patience);
    }

    /** Tells the rendezvous how the prompt ended. */
    private final class KeepingStream implements TokenStream {
        private final TokenStream tokens;
        private final KeptPrompt prompt;
        private final String name;
        private boolean told;

        KeepingStream(TokenStream tokens, KeptPrompt prompt, String name) {
            this.tokens = tokens;
            this.prompt = prompt;
            this.name = name;
        }

        @Override
        public GenerateEvent next() throws InterruptedException {
            try {
                GenerateEvent event = tokens.next();
                return event instanceof GenerateEvent.Finished end ? ended(end) : event;
            } catch (ServiceException e) {
                failed(e);
                throw e;
            }
        }

        private GenerateEvent ended(GenerateEvent.Finished end) {
            Optional<KvPull> kept = prompt.kept().filter(_ -> end.reason() == FinishReason.HANDOFF);
            if (kept.isEmpty()) {
                failed(new ServiceException(
                        ErrorCode.UNAVAILABLE,
                        "the prompt " + name + " ended on its prefill node ("
                                + end.reason().wireName() + ") with nothing to continue",
                        "kv_transfer_params"));
            } else if (!told) {
                told = true;
                rendezvous.kept(name, kept.get());
            }
            return new GenerateEvent.Finished(end.reason(), end.stopTokenId(), kept);
        }

        private void failed(ServiceException why) {
            if (!told) {
                told = true;
                rendezvous.failed(name, why);
            }
        }

        @Override
        public void close() {
            failed(new ServiceException(
                    ErrorCode.UNAVAILABLE,
                    "the prompt " + name + " was given up on its prefill node",
                    "kv_transfer_params"));
            tokens.close();
        }
    }
}
