package io.yuebing.node;

import io.yuebing.api.ModelInfo;
import io.yuebing.api.NodeInfo;
import io.yuebing.api.UserError;
import io.yuebing.dialect.ApiRoutes;
import io.yuebing.dialect.DrainGate;
import io.yuebing.dialect.GenerateEndpoint;
import io.yuebing.dialect.HttpListener;
import io.yuebing.dialect.OpenAiSurface;
import io.yuebing.dialect.Readiness;
import io.yuebing.dialect.ServedModel;
import io.yuebing.dialect.SurfaceMetrics;
import io.yuebing.engine.CrashDumps;
import io.yuebing.engine.Engine;
import io.yuebing.engine.EngineConfig;
import io.yuebing.engine.KvSizing;
import io.yuebing.engine.MachineMemory;
import io.yuebing.grammar.ConstraintCompiler;
import io.yuebing.grammar.Vocabulary;
import io.yuebing.kernels.KernelChoice;
import io.yuebing.kernels.KernelWarmup;
import io.yuebing.model.CausalLm;
import io.yuebing.model.ModelConfig;
import io.yuebing.model.Models;
import io.yuebing.text.ChatTemplate;
import io.yuebing.text.TextFiles;
import io.yuebing.text.Tokenizer;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A node: one engine with its HTTP surface and its end of the KV transfer. */
public final class NodeServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodeServer.class);

    private final NodeInfo info;
    private final Deque<AutoCloseable> owned;
    private final DrainGate gate;
    private final BooleanSupplier otherWork;
    private final Optional<GatewayRegistration> registration;
    private final CompletableFuture<Void> drainRequested;

    private NodeServer(
            NodeInfo info,
            Deque<AutoCloseable> owned,
            DrainGate gate,
            BooleanSupplier otherWork,
            Optional<GatewayRegistration> registration,
            CompletableFuture<Void> drainRequested) {
        this.info = info;
        this.owned = owned;
        this.gate = gate;
        this.otherWork = otherWork;
        this.registration = registration;
        this.drainRequested = drainRequested;
    }

    /**
     * Loads the model and starts to serve.
     *
     * @param progress told how far loading is
     * @throws UserError if the model cannot be loaded, a port is taken or the settings do not fit together
     */
    public static NodeServer start(NodeConfig config, Models.ProgressListener progress) {
        Deque<AutoCloseable> owned = new ArrayDeque<>();
        try {
            return start(config, progress, owned);
        } catch (RuntimeException | Error e) {
            closeAll(owned);
            throw e;
        }
    }

    private static NodeServer start(NodeConfig config, Models.ProgressListener progress, Deque<AutoCloseable> owned) {
        String instanceId = UUID.randomUUID().toString();
        KernelChoice.wish(config.kernels());
        KernelWarmup.beginPlain();
        TextFiles text = TextFiles.of(config.model());
        Tokenizer tokenizer = own(owned, Tokenizer.load(text));
        Optional<ChatTemplate> template = ChatTemplate.load(text);
        CausalLm model = own(
                owned,
                Models.load(
                        config.model(),
                        new Models.LoadOptions(
                                config.compute(),
                                config.threads(),
                                progress,
                                config.weightCache(),
                                config.maxModelLength())));
        LOG.info("computes with {} threads, {}", config.threads(), KernelChoice.describe());
        own(owned, LoopWarmup.of(Models.inspect(config.model()).weightBytes()));
        Engine engine = own(owned, startEngine(config, model, tokenizer));
        NodeTransfers transfers = own(owned, NodeTransfers.start(config, instanceId, engine));
        ModelInfo modelInfo = new ModelInfo(
                config.servedModelName(),
                engine.limits().maxModelLength(),
                model.config().vocabSize(),
                model.config().eosTokenIds(),
                model.config().generation(),
                engine.cache().layout().fingerprint());
        return listen(
                config,
                new ServedModel(modelInfo, tokenizer, template, Instant.now().getEpochSecond()),
                text,
                instanceId,
                engine,
                transfers,
                owned);
    }

    private static Engine startEngine(NodeConfig config, CausalLm model, Tokenizer tokenizer) {
        ModelConfig shape = model.config();
        int maxLength = config.maxModelLength().orElse(shape.maxPositions());
        if (maxLength > shape.maxPositions()) {
            throw new UserError("--max-model-len " + maxLength + " is longer than the model's " + shape.maxPositions()
                    + " positions; choose at most that");
        }
        KvSizing.Need need =
                KvSizing.Need.of(model, config.blockSize(), config.kvType(), maxLength, config.maxBatchedTokens());
        KvSizing kv = KvSizing.choose(config.kvBlocks(), config.kvMemoryBytes(), need, MachineMemory.total());
        LOG.info(
                "KV cache: {} blocks of {} tokens, {}, {} MiB ({}); context {} tokens",
                kv.blocks(),
                config.blockSize(),
                config.kvType().wireName(),
                kv.bytes() >> 20,
                kv.reason(),
                maxLength);
        return Engine.start(
                model,
                new EngineConfig(
                        config.blockSize(),
                        kv.blocks(),
                        config.maxBatchedTokens(),
                        config.maxSequences(),
                        config.maxQueuedSequences(),
                        maxLength,
                        config.kvType(),
                        config.prefixCaching(),
                        config.hashSeed()),
                crashDumps(config),
                Optional.of(new ConstraintCompiler(shown -> new Vocabulary(
                        Math.min(tokenizer.size(), shape.vocabSize()), id -> tokenizer.answerBytes(id, shown)))));
    }

    private static CrashDumps crashDumps(NodeConfig config) {
        return config.crashDirectory()
                .map(directory -> CrashDumps.in(
                        directory,
                        config.model().toString(),
                        config.compute().name().toLowerCase(Locale.ROOT),
                        InstantSource.system()))
                .orElse(CrashDumps.NONE);
    }

    private static NodeServer listen(
            NodeConfig config,
            ServedModel served,
            TextFiles text,
            String instanceId,
            Engine engine,
            NodeTransfers transfers,
            Deque<AutoCloseable> owned) {
        KeepDesk keeper = new KeepDesk(engine, transfers.receiver(), transfers.reachedAt());
        PullDesk puller = new PullDesk(
                engine,
                transfers.puller(),
                own(owned, new KeptClient(config.reservationTimeout())),
                config.reservePatience(),
                config.kvLoadFailure());
        DrainGate generator = new DrainGate(
                new NodeGenerator(engine, transfers.pusher(), transfers.receiver(), keeper, puller), "this node");
        CompletableFuture<Void> drainRequested = new CompletableFuture<>();
        SurfaceMetrics metrics = new SurfaceMetrics();
        NodeMetrics.register(metrics, served.info().name(), engine, transfers, puller);
        NodeRoutes control = new NodeRoutes(
                instanceId,
                text,
                served.info().maxModelLength(),
                new ReserveDesk(transfers.receiver(), transfers.reachedAt()),
                keeper,
                generator,
                () -> drainRequested.completeAsync(() -> null));
        ApiRoutes routes = new ApiRoutes(metrics);
        new OpenAiSurface(() -> Optional.of(served), generator, generator.and(ready(engine)), metrics, config.surface())
                .addTo(routes);
        new GenerateEndpoint(generator).addTo(routes);
        control.addTo(routes);
        HttpListener listener = own(owned, HttpListener.start(config.host(), config.port(), routes));
        NodeInfo info = new NodeInfo(
                instanceId,
                URI.create("http://" + config.host() + ":" + listener.port()),
                config.role(),
                served.info());
        control.identify(info);
        Optional<GatewayRegistration> registration = config.gateway()
                .map(gateway ->
                        own(owned, GatewayRegistration.start(gateway, () -> info.withState(generator.state()))));
        LOG.info(
                "{} node serves {} on {}, takes in KV cache on {}:{}",
                config.role().wireName(),
                served.info().name(),
                info.uri(),
                config.transferHost(),
                transfers.receiver().port());
        BooleanSupplier otherWork =
                () -> engine.stats().heldBlocks() > 0 || transfers.busy() || metrics.generationsInFlight() > 0;
        return new NodeServer(info, owned, generator, otherWork, registration, drainRequested);
    }

    private static Readiness ready(Engine engine) {
        return () -> engine.running()
                ? Optional.empty()
                : Optional.of("the engine has stopped after repeated failures; see the node's log, then restart it");
    }

    /** Completed when somebody asks over HTTP that this node drains; the owner calls {@link #drain} then. */
    public CompletableFuture<Void> drainRequested() {
        return drainRequested;
    }

    /**
     * Takes no new work and returns when everything that runs has finished. What still runs in the end is sent away: a
     * gateway continues it elsewhere.
     *
     * @param longest how long running requests may take to finish
     */
    public void drain(Duration longest) throws InterruptedException {
        gate.close();
        drainRequested.complete(null);
        if (registration.isPresent()) {
            var unused = registration.get().beat();
        }
        gate.drain(info.label(), longest, otherWork);
    }

    /** Who this node is. */
    public NodeInfo info() {
        return info;
    }

    /** Address of the HTTP surface. */
    public URI uri() {
        return info.uri();
    }

    /** Stops serving and gives everything back, last opened first. */
    @Override
    public void close() {
        if (!owned.isEmpty()) {
            LOG.info("{} stops", info.label());
        }
        closeAll(owned);
    }

    private static <T extends AutoCloseable> T own(Deque<AutoCloseable> owned, T thing) {
        owned.push(thing);
        return thing;
    }

    private static void closeAll(Deque<AutoCloseable> owned) {
        while (!owned.isEmpty()) {
            AutoCloseable thing = owned.pop();
            try {
                thing.close();
            } catch (Exception e) {
                LOG.warn("closing {} failed: {}", thing.getClass().getSimpleName(), e.toString());
            }
        }
    }
}
