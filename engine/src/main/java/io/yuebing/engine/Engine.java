package io.yuebing.engine;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.Generator;
import io.yuebing.api.OutputConstraint;
import io.yuebing.api.ServiceException;
import io.yuebing.api.TokenStream;
import io.yuebing.api.UserError;
import io.yuebing.grammar.ConstraintCompiler;
import io.yuebing.kernels.LargePageArena;
import io.yuebing.kv.KvAxis;
import io.yuebing.kv.KvCache;
import io.yuebing.kv.KvLayout;
import io.yuebing.kv.LayerGroup;
import io.yuebing.model.CausalLm;
import io.yuebing.model.ModelConfig;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Computes many sequences at once with one model.
 *
 * <p>Three ways through it: {@link #generate} runs a sequence from prompt to end; {@link #prefill} computes a prompt,
 * handing its KV cache out while doing so, and samples one token; {@link #reserve} with {@link #resume} takes such a
 * prompt in and continues. The tokens are the same bit for bit.
 *
 * <p>All methods may be called by any thread. One thread of its own computes; closing a stream, a reservation or a hold
 * tells it so, and the blocks are free after its current step.
 */
public final class Engine implements Generator, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Engine.class);

    private final EngineConfig config;
    private final ModelConfig modelConfig;
    private final List<LayerGroup> groups;
    private final RequestLimits limits;
    private final Optional<ConstraintCompiler> constraints;
    private final Arena arena;
    private final KvCache cache;
    private final Mailbox mailbox = new Mailbox();
    private final AtomicInteger inProgress = new AtomicInteger();
    private final AtomicInteger askedReservations = new AtomicInteger();
    private final EngineLoop loop;
    private final Thread thread;

    @SuppressWarnings("MustBeClosedChecker") // the arena is the engine's own, close() closes it
    private Engine(CausalLm model, EngineConfig config, CrashDumps dumps, Optional<ConstraintCompiler> constraints) {
        this.config = config;
        this.constraints = constraints;
        modelConfig = model.config();
        groups = model.layerGroups();
        limits = new RequestLimits(config, groups, modelConfig.vocabSize());
        arena = new LargePageArena();
        KvLayout layout = model.kvLayout(config.blocks(), config.blockSize(), config.kvType());
        cache = new KvCache(layout, allocate(arena, layout), groups);
        loop = new EngineLoop(config, groups, mailbox, new StepRunner(model, cache), dumps, inProgress);
        thread = Thread.ofPlatform().name("engine").daemon().unstarted(loop);
    }

    /**
     * Allocates the KV cache and starts to serve.
     *
     * @param model stays the caller's; must outlive the engine and is used by nobody else meanwhile
     * @throws UserError if there is not enough memory for the KV cache
     */
    public static Engine start(CausalLm model, EngineConfig config) {
        return start(model, config, CrashDumps.NONE, Optional.empty());
    }

    /** The same with a folder in which steps that fail are kept. */
    public static Engine start(CausalLm model, EngineConfig config, CrashDumps dumps) {
        return start(model, config, dumps, Optional.empty());
    }

    /**
     * The same for an engine that knows its tokens' texts.
     *
     * @param constraints compiles {@link GenerateRequest#constraint()} for the model's vocabulary; empty = requests with
     *     one are refused
     */
    public static Engine start(
            CausalLm model, EngineConfig config, CrashDumps dumps, Optional<ConstraintCompiler> constraints) {
        Engine engine = new Engine(model, config, dumps, constraints);
        LOG.info(
                "engine: {} KV blocks of {} tokens ({}, {} MiB), up to {} sequences and {} tokens a step, {} more sequences"
                        + " may wait, context {} tokens, prefix caching {}",
                config.blocks(),
                config.blockSize(),
                config.kvType().wireName(),
                engine.cache.layout().byteSize() >> 20,
                config.maxSequences(),
                config.maxBatchedTokens(),
                config.maxQueuedSequences(),
                config.maxModelLength(),
                config.prefixCaching() ? "on" : "off");
        engine.thread.start();
        return engine;
    }

    /**
     * Runs a sequence to its end. Output tokens that the request brings along are computed like the prompt and continued;
     * {@link GenerateRequest#kvTransfer()} plays no role.
     *
     * @throws ServiceException {@link ErrorCode#INVALID_REQUEST} if it can never run, {@link ErrorCode#OVERLOADED} if too
     *     many wait, {@link ErrorCode#UNAVAILABLE} if the engine has stopped
     */
    @Override
    public TokenStream generate(GenerateRequest request) {
        limits.checkGenerate(request);
        return submit(request, constrainedOutput(request), null);
    }

    /**
     * Computes a prompt for somebody else and samples one token. The stream delivers the token at once, and its end, with
     * {@link io.yuebing.api.FinishReason#HANDOFF}, when the sink's {@link BlockHold} is closed; if the first token is
     * also the last one, the end comes at once and nothing is handed off.
     *
     * @param sink told of each block as soon as it is final
     * @throws ServiceException as {@link #generate}
     */
    public TokenStream prefill(GenerateRequest request, KvSink sink) {
        limits.checkPrefill(request);
        return submit(request, constrainedOutput(request), sink);
    }

    /**
     * Keeps blocks and a place in the batch for a prompt that is computed elsewhere. Preempted sequences and earlier
     * reservations come first.
     *
     * @param tokens tokens whose keys and values will be written into the blocks
     * @param patience how long to wait for room
     * @throws ServiceException {@link ErrorCode#INVALID_REQUEST} if there can never be room,
     *     {@link ErrorCode#OVERLOADED} if there was none in time, {@link ErrorCode#UNAVAILABLE} if the engine has stopped
     */
    public BlockReservation reserve(int tokens, Duration patience) throws InterruptedException {
        return reserve(ReserveWish.of(tokens), patience);
    }

    /**
     * Keeps blocks for tokens that are known: those at the beginning whose content is in the prefix cache are
     * {@link BlockReservation#cachedBlocks()} and need not be filled. Otherwise as {@link #reserve(int, Duration)}.
     */
    public BlockReservation reserve(KvPrefix prefix, Duration patience) throws InterruptedException {
        limits.checkIds(prefix.tokens());
        return reserve(ReserveWish.of(prefix), patience);
    }

    private BlockReservation reserve(ReserveWish wish, Duration patience) throws InterruptedException {
        int tokens = wish.tokens();
        limits.checkReserve(tokens);
        int asked = askedReservations.incrementAndGet();
        try {
            if (asked > config.maxAccepted()) {
                throw overloaded(tokens, (asked - 1) + " others wait already, which is the most allowed");
            }
            CompletableFuture<BlockReservation> granted = new CompletableFuture<>();
            if (!mailbox.post(new Command.Reserve(wish, granted))) {
                throw stopped();
            }
            return await(tokens, granted, patience);
        } finally {
            askedReservations.decrementAndGet();
        }
    }

    private static MemorySegment allocate(Arena arena, KvLayout layout) {
        try {
            return arena.allocate(layout.byteSize(), 64).fill((byte) 0); // held from the start, not when it is needed
        } catch (OutOfMemoryError e) {
            arena.close();
            throw new UserError(
                    "The KV cache of " + layout.size(KvAxis.BLOCK) + " blocks needs " + (layout.byteSize() >> 20)
                            + " MiB, which this machine cannot provide; ask for fewer blocks.",
                    e);
        }
    }

    private BlockReservation await(int tokens, CompletableFuture<BlockReservation> granted, Duration patience)
            throws InterruptedException {
        try {
            return granted.get(patience.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            if (granted.cancel(false)) {
                throw overloaded(tokens, "none came free within " + patience.toMillis() + " ms");
            }
            return granted.join();
        } catch (InterruptedException e) {
            if (!granted.cancel(false)) {
                granted.join().close();
            }
            throw e;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof ServiceException cause ? cause : stopped();
        }
    }

    /**
     * Continues a sequence whose first {@link BlockReservation#tokens()} tokens have their keys and values in the
     * reserved blocks. Takes the blocks over; if it throws, the reservation stays the caller's.
     *
     * @param request the reservation covers all of its prompt, but never the last token of all, from which generation goes
     *     on
     * @throws ServiceException as {@link #generate}, and {@link ErrorCode#INVALID_REQUEST} if the reservation has ended
     *     or does not fit the request
     */
    public TokenStream resume(GenerateRequest request, BlockReservation reservation) {
        limits.checkResume(request, reservation.tokens());
        ConstrainedOutput output = constrainedOutput(request);
        if (!reservation.take()) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST,
                    "The reservation of " + reservation.tokens() + " tokens has ended: it was released or its deadline"
                            + " has passed.",
                    "kv_transfer_params");
        }
        inProgress.incrementAndGet();
        Sequence sequence = sequence(request, output, null);
        return post(new Command.Resume(sequence, reservation), sequence);
    }

    /** How far the request's output is in its constraint; compiled here, on the caller's thread. */
    private @Nullable ConstrainedOutput constrainedOutput(GenerateRequest request) {
        if (request.constraint().isEmpty()) {
            return null;
        }
        ConstraintCompiler compiler = constraints.orElseThrow(() -> new ServiceException(
                ErrorCode.INVALID_REQUEST,
                "This engine was started without a tokenizer and cannot constrain its output.",
                "structured_outputs"));
        List<Integer> endTokens = request.sampling().ignoreEos() ? List.of() : modelConfig.eosTokenIds();
        ConstrainedOutput state = new ConstrainedOutput(
                compiler.begin(request.constraint().get(), endTokens),
                request.sampling().thinkingBudget(),
                request.constraint().get().kind() == OutputConstraint.Kind.CALLS);
        for (int token : request.outputTokens()) {
            if (!state.accept(token)) {
                throw new ServiceException(
                        ErrorCode.INVALID_REQUEST,
                        "The output token " + token + " that the request brings along does not fit its constraint.",
                        "output_token_ids");
            }
        }
        return state;
    }

    private TokenStream submit(GenerateRequest request, @Nullable ConstrainedOutput output, @Nullable KvSink sink) {
        int accepted = inProgress.incrementAndGet();
        if (accepted > config.maxAccepted()) {
            inProgress.decrementAndGet();
            throw new ServiceException(
                    ErrorCode.OVERLOADED,
                    "The engine is full: " + (accepted - 1) + " sequences are in progress, of which "
                            + config.maxSequences() + " can run and " + config.maxQueuedSequences()
                            + " can wait. Try again later.");
        }
        Sequence sequence = sequence(request, output, sink);
        return post(new Command.Submit(sequence), sequence);
    }

    private Sequence sequence(GenerateRequest request, @Nullable ConstrainedOutput output, @Nullable KvSink sink) {
        return new Sequence(request, output, modelConfig.eosTokenIds(), config, groups, sink, this::cancel);
    }

    private void cancel(Sequence sequence) {
        // If the mailbox is closed the sequence has ended.
        mailbox.post(new Command.Cancel(sequence));
    }

    private TokenStream post(Command command, Sequence sequence) {
        if (!mailbox.post(command)) {
            inProgress.decrementAndGet();
            throw stopped();
        }
        return sequence.stream();
    }

    /** The KV cache; blocks of reservations may be written to, blocks announced to a sink may be read. */
    public KvCache cache() {
        return cache;
    }

    /** How many blocks a reservation of {@code tokens} tokens has, here as in every engine with this model and block size. */
    public int reservedBlocks(int tokens) {
        return limits.reservedBlocks(tokens);
    }

    /** What the engine does now and has done. */
    public EngineStats stats() {
        return loop.stats();
    }

    /** The model's configuration. */
    public ModelConfig config() {
        return modelConfig;
    }

    /** The engine's own limits. */
    public EngineConfig limits() {
        return config;
    }

    /** False once the engine has been closed or has given up because step after step failed. */
    public boolean running() {
        return !mailbox.closed();
    }

    /**
     * Stops: running streams end with {@link io.yuebing.api.FinishReason#ABORT}, then the memory of the KV cache is given
     * back. Nobody may read or write the cache any more.
     */
    @Override
    public void close() {
        mailbox.close();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (arena.scope().isAlive()) {
            arena.close();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private ServiceException overloaded(int tokens, String why) {
        EngineStats now = stats();
        return new ServiceException(
                ErrorCode.OVERLOADED,
                "No room for a reservation of " + tokens + " tokens ("
                        + limits.reservedBlocks(tokens) + " KV blocks): " + why + ". "
                        + (now.freeBlocks() + now.cachedBlocks()) + " of " + now.totalBlocks() + " blocks are unused, "
                        + now.runningSequences() + " of at most " + config.maxSequences()
                        + " sequences run. Try again later.");
    }

    static ServiceException stopped() {
        return new ServiceException(ErrorCode.UNAVAILABLE, "The engine has stopped; restart the node.");
    }
}
