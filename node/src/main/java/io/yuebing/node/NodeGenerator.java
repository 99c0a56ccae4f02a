package io.yuebing.node;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.Generator;
import io.yuebing.api.KvKeep;
import io.yuebing.api.KvPull;
import io.yuebing.api.KvRendezvous;
import io.yuebing.api.KvTransferParams;
import io.yuebing.api.ServiceException;
import io.yuebing.api.TokenStream;
import io.yuebing.connector.KvPush;
import io.yuebing.connector.KvPusher;
import io.yuebing.connector.KvReceiver;
import io.yuebing.engine.BlockReservation;
import io.yuebing.engine.Engine;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The node's {@link Generator}: its engine, with the KV cache going out or coming in where the request says so. */
final class NodeGenerator implements Generator {
    private static final Logger LOG = LoggerFactory.getLogger(NodeGenerator.class);

    private final Engine engine;
    private final KvPusher pusher;
    private final KvReceiver receiver;
    private final KeepDesk keeper;
    private final PullDesk puller;

    NodeGenerator(Engine engine, KvPusher pusher, KvReceiver receiver, KeepDesk keeper, PullDesk puller) {
        this.engine = engine;
        this.pusher = pusher;
        this.receiver = receiver;
        this.keeper = keeper;
        this.puller = puller;
    }

    @Override
    public TokenStream generate(GenerateRequest request) throws InterruptedException {
        if (request.kvTransfer().isEmpty()) {
            return engine.generate(request);
        }
        return switch (request.kvTransfer().get()) {
            case KvTransferParams push -> push.doRemoteDecode() ? prefill(request, push) : resume(request, push);
            case KvKeep keep -> keeper.keep(request, keep);
            case KvPull source -> puller.generate(request, source);
            case KvRendezvous meeting -> puller.generate(request, meeting);
        };
    }

    private TokenStream prefill(GenerateRequest request, KvTransferParams target) {
        // a request that was interrupted elsewhere brings output tokens, which are computed like the prompt
        int tokens = request.promptTokens().length + request.outputTokens().length;
        int blocks = engine.reservedBlocks(tokens);
        if (target.remoteBlockIds().size() != blocks) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST,
                    "kv_transfer_params.remote_block_ids has "
                            + target.remoteBlockIds().size() + " blocks, a prompt of " + tokens
                            + " tokens needs " + blocks + " of "
                            + engine.limits().blockSize() + " tokens",
                    "kv_transfer_params");
        }
        KvPush push = pusher.sink(target, failure -> LOG.warn("{}: {}", request.requestId(), failure.getMessage()));
        try {
            return new HandoffStream(engine.prefill(request, push));
        } catch (RuntimeException e) {
            push.aborted();
            throw e;
        }
    }

    private TokenStream resume(GenerateRequest request, KvTransferParams transfer) throws InterruptedException {
        if (request.outputTokens().length == 0) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST,
                    "do_remote_prefill needs the token that the prefill node sampled",
                    "kv_transfer_params");
        }
        BlockReservation blocks = receiver.take(transfer);
        try {
            return engine.resume(request, blocks);
        } catch (RuntimeException e) {
            blocks.close();
            throw e;
        }
    }

    /**
     * The prefill's stream. A push that failed ends it with an error of this node's own that names the transfer: to the
     * gateway it must not look as if this node could not be reached.
     */
    private record HandoffStream(TokenStream tokens) implements TokenStream {
        @Override
        public GenerateEvent next() throws InterruptedException {
            try {
                return tokens.next();
            } catch (ServiceException e) {
                if (e.code() != ErrorCode.BAD_GATEWAY) {
                    throw e;
                }
                throw new ServiceException(ErrorCode.INTERNAL, String.valueOf(e.getMessage()), "kv_transfer_params", e);
            }
        }

        @Override
        public void close() {
            tokens.close();
        }
    }
}
