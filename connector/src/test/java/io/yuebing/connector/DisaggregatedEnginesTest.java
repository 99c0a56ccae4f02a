package io.yuebing.connector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.FinishReason;
import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.KvPull;
import io.yuebing.api.KvTransferParams;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.ServiceException;
import io.yuebing.api.TokenStream;
import io.yuebing.engine.BlockReservation;
import io.yuebing.engine.Engine;
import io.yuebing.engine.EngineConfig;
import io.yuebing.engine.KvPrefix;
import io.yuebing.kv.ElementType;
import io.yuebing.kv.KvTransferType;
import io.yuebing.transfer.TimeSource;
import io.yuebing.transfer.TransferClientOptions;
import io.yuebing.transfer.TransferProtocols;
import io.yuebing.transfer.Transport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Two engines with everything between them give the tokens of one, whatever their layers attend to. */
@Timeout(120)
@ParameterizedClass
@EnumSource(DisaggregatedEnginesTest.Layers.class)
class DisaggregatedEnginesTest {
    private static final int MAX_TOKENS = 12;

    /** For each layer its window, 0 = none; how many blocks a prompt of 83 tokens needs, and how many of them are partial. */
    enum Layers {
        ALL(List.of(0, 0, 0), 11, 1),
        WINDOWS(List.of(20, 20), 3, 1),
        BOTH(List.of(20, 0, 20, 0), 11 + 3, 2);

        final List<Integer> windows;
        final int blocks;
        final int partial;

        Layers(List<Integer> windows, int blocks, int partial) {
            this.windows = windows;
            this.blocks = blocks;
            this.partial = partial;
        }
    }

    private final Layers layers;

    private Engine alone;
    private Engine prefill;
    private Engine decode;
    private KvReceiver receiver;
    private KvPusher pusher;

    DisaggregatedEnginesTest(Layers layers) {
        this.layers = layers;
    }

    @BeforeEach
    void start() {
        alone = engine(300, 64);
        prefill = engine(200, 23); // prompts are computed in several chunks
        decode = engine(400, 64);
        receiver = KvReceiver.start(
                decode.cache(), decode::reserve, KvReceiverOptions.loopback("decode node B"), TimeSource.system());
        pusher = new KvPusher(
                prefill.cache(),
                TransferProtocols.AUTO.transport(TransferClientOptions.DEFAULT, TimeSource.system()),
                KvPusherOptions.defaults("prefill node A"),
                TimeSource.system());
    }

    private Engine engine(int blocks, int batchedTokens) {
        return engine(8, blocks, batchedTokens);
    }

    private Engine engine(int blockSize, int blocks, int batchedTokens) {
        return engine(blockSize, blocks, batchedTokens, ElementType.F32);
    }

    private Engine engine(int blockSize, int blocks, int batchedTokens, ElementType type) {
        return Engine.start(
                new CacheReadingModel(layers.windows),
                new EngineConfig(blockSize, blocks, batchedTokens, 40, 100, 1000, type, true, "0"));
    }

    @AfterEach
    void everyBlockIsBack() {
        pusher.close();
        receiver.close();
        for (Engine engine : List.of(alone, prefill, decode)) {
            Eventually.holds(
                    "free + cached = total",
                    () -> engine.stats().freeBlocks() + engine.stats().cachedBlocks()
                            == engine.stats().totalBlocks());
            engine.close();
        }
    }

    private static GenerateRequest request(int seed) {
        Random random = new Random(seed);
        int[] prompt = random.ints(1 + random.nextInt(90), 0, 97).toArray();
        prompt[0] = seed % 3; // some prompts share their beginning
        SamplingParams sampling = SamplingParams.builder()
                .temperature(seed % 2)
                .seed(seed)
                .maxTokens(MAX_TOKENS)
                .build();
        return GenerateRequest.of("request-" + seed, prompt, sampling);
    }

    private record Tokens(List<Integer> ids, FinishReason reason) {}

    private static Tokens read(TokenStream stream) throws InterruptedException {
        List<Integer> ids = new ArrayList<>();
        try (stream) {
            while (true) {
                switch (stream.next()) {
                    case GenerateEvent.PromptDone _ -> {}
                    case GenerateEvent.Token token -> ids.add(token.token().id());
                    case GenerateEvent.Finished end -> {
                        return new Tokens(ids, end.reason());
                    }
                }
            }
        }
    }

    private Tokens disaggregated(GenerateRequest request) throws InterruptedException {
        KvTransferParams params = receiver.reserve(KvPrefix.of(request, request.promptTokens().length));
        Tokens first = read(prefill.prefill(request, pusher.sink(params.forPrefill(), _ -> {})));
        assertThat(first.reason()).isEqualTo(FinishReason.HANDOFF);
        BlockReservation blocks = receiver.take(params.forDecode());
        return continued(decode, request, first, blocks);
    }

    @Test
    void theTokensAreThoseOfOneEngineAloneAndTogether() throws Exception {
        try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<Tokens>> calls = new ArrayList<>();
            for (int seed = 0; seed < 24; seed++) {
                GenerateRequest request = request(seed);
                calls.add(() -> disaggregated(request));
            }
            List<Future<Tokens>> together = clients.invokeAll(calls, 60, TimeUnit.SECONDS);
            for (int seed = 0; seed < 24; seed++) {
                Tokens expected = read(alone.generate(request(seed)));
                assertThat(expected.ids()).hasSize(MAX_TOKENS);
                assertThat(together.get(seed).get())
                        .as("seed %d, together", seed)
                        .isEqualTo(expected);
                assertThat(disaggregated(request(seed)))
                        .as("seed %d, alone", seed)
                        .isEqualTo(expected);
            }
        }
    }

    @Test
    void whatTheDecodeNodeHasOfAPromptIsNotSentAgain() throws Exception {
        GenerateRequest request =
                GenerateRequest.of("long", new Random(1).ints(83, 0, 97).toArray(), SamplingParams.greedy(MAX_TOKENS));
        Tokens expected = disaggregated(request);
        long whole = pusher.stats().bytes();
        assertThat(disaggregated(request)).isEqualTo(expected);
        long block = whole / layers.blocks;
        assertThat(pusher.stats().bytes() - whole).as("full blocks are cached").isEqualTo(layers.partial * block);
        assertThat(pusher.stats().reusedBytes()).isEqualTo((layers.blocks - layers.partial) * block);
        assertThat(read(alone.generate(request))).isEqualTo(expected);
    }

    @Test
    void promptsThatArePulledGiveTheSameTokens() throws Exception {
        try (KvReceiver keeping = KvReceiver.start(
                        prefill.cache(),
                        prefill::reserve,
                        KvReceiverOptions.loopback("prefill node A"),
                        TimeSource.system());
                KvPuller puller = new KvPuller(
                        decode.cache(),
                        TransferProtocols.AUTO.transport(TransferClientOptions.DEFAULT, TimeSource.system()),
                        KvPusherOptions.defaults("decode node B"))) {
            for (int seed = 0; seed < 24; seed++) {
                GenerateRequest request = request(seed);
                int pulled = request.promptTokens().length - 1;
                if (pulled == 0) {
                    continue;
                }
                KeptPrompt kept = keeping.keep("kept-" + seed, "127.0.0.1", keeping.port());
                assertThat(read(prefill.prefill(request, kept)).reason()).isEqualTo(FinishReason.HANDOFF);
                KvPull source = kept.kept().orElseThrow();
                BlockReservation blocks = decode.reserve(KvPrefix.of(request, pulled), Duration.ofSeconds(20));
                puller.pull(source, blocks);
                assertThat(read(decode.resume(request, blocks)))
                        .as("seed %d", seed)
                        .isEqualTo(read(alone.generate(request)));
                puller.release(source);
            }
        }
    }

    @Test
    void aFirstTokenThatIsTheLastReleasesTheReservation() throws Exception {
        GenerateRequest request = GenerateRequest.of("one", new int[] {1, 2, 3}, SamplingParams.greedy(1));
        KvTransferParams params = receiver.reserve(TestCache.prefix(3));
        Tokens tokens = read(prefill.prefill(request, pusher.sink(params, _ -> {})));
        assertThat(tokens.reason()).isEqualTo(FinishReason.LENGTH);
        Eventually.holds("released", () -> receiver.reservationStats().open() == 0);
    }

    @Test
    void aDecodeNodeThatReleasesFailsTheStreamWithTheSentence() throws Exception {
        GenerateRequest request = request(5);
        KvTransferParams params = receiver.reserve(KvPrefix.of(request, request.promptTokens().length));
        receiver.release(params.transferId(), params.generation());
        assertThatThrownBy(() -> read(prefill.prefill(request, pusher.sink(params, _ -> {}))))
                .isInstanceOf(ServiceException.class)
                .hasMessageContaining("was released before the write came");
    }

    @Test
    void aClientThatLeavesFreesBothSides() throws Exception {
        for (int seed = 0; seed < 30; seed++) {
            GenerateRequest request = request(seed);
            KvTransferParams params = receiver.reserve(KvPrefix.of(request, request.promptTokens().length));
            TokenStream stream = prefill.prefill(request, pusher.sink(params, _ -> {}));
            if (seed % 2 == 0) {
                stream.next();
            }
            stream.close();
            receiver.release(params.transferId(), params.generation());
        }
        Eventually.holds("all pushes end", () -> pusher.stats().active() == 0);
    }

    @Test
    void blocksOfOtherSizesArriveExactlyPushedAndPulledUnlessThereAreWindows() throws Exception {
        if (layers != Layers.ALL) {
            refusesBlocksOfOtherSizes();
            return;
        }
        for (int seed = 0; seed < 12; seed++) {
            Random random = new Random(seed);
            int there = 4 + random.nextInt(61);
            int here = 4 + random.nextInt(61);
            try (Engine from = engine(there, 60, 5 + random.nextInt(60));
                    Engine to = engine(here, 60, 64)) {
                String as = "seed " + seed + ", blocks of " + there + " and " + here + " tokens";
                arrivesPushedAndPulled(from, to, KvTransferType.AUTO, 4 * seed, as);
            }
        }
    }

    /** Types of both caches and on the way, in which no number of the model is rounded. */
    @ParameterizedTest
    @CsvSource({
        "BF16, F32, AUTO",
        "F16, F32, AUTO",
        "F32, F32, INT8",
        "BF16, BF16, INT8",
        "F16, F16, INT8",
        "BF16, F32, INT8"
    })
    void typesThatKeepEveryNumberKeepTheTokensWithWindowsAndOtherBlockSizes(
            ElementType from, ElementType to, KvTransferType onTheWay) throws Exception {
        List<Integer> sizes = layers == Layers.ALL ? List.of(8, 5, 12, 33) : List.of(8);
        for (int size : sizes) {
            try (Engine first = engine(size, 200, 23, from);
                    Engine second = engine(8, 200, 64, to)) {
                arrivesPushedAndPulled(first, second, onTheWay, 7 * size, "blocks of " + size + " and 8 tokens");
            }
        }
    }

    private void arrivesPushedAndPulled(Engine from, Engine to, KvTransferType type, int firstSeed, String as)
            throws Exception {
        try (KvReceiver keeper = receiver(from, "A", type);
                KvReceiver taker = receiver(to, "B", type);
                KvPusher push = new KvPusher(
                        from.cache(),
                        transport(),
                        KvPusherOptions.defaults("A").withTransferType(type),
                        TimeSource.system());
                KvPuller pull = new KvPuller(
                        to.cache(), transport(), KvPusherOptions.defaults("B").withTransferType(type))) {
            for (int seed = firstSeed; seed < firstSeed + 4; seed++) {
                GenerateRequest request = request(seed);
                Tokens expected = read(alone.generate(request));
                KvTransferParams params = taker.reserve(KvPrefix.of(request, request.promptTokens().length));
                Tokens first = read(from.prefill(request, push.sink(params.forPrefill(), _ -> {})));
                assertThat(continued(to, request, first, taker.take(params.forDecode())))
                        .as("%s, pushed, request %d", as, seed)
                        .isEqualTo(expected);

                GenerateRequest other = request(seed + 1000);
                int pulled = other.promptTokens().length - 1;
                if (pulled > 0) {
                    KeptPrompt kept = keeper.keep("prompt-" + seed, "127.0.0.1", keeper.port());
                    assertThat(read(from.prefill(other, kept)).reason()).isEqualTo(FinishReason.HANDOFF);
                    BlockReservation into = to.reserve(KvPrefix.of(other, pulled), Duration.ofSeconds(10));
                    pull.pull(kept.kept().orElseThrow(), into);
                    assertThat(read(to.resume(other, into)))
                            .as("%s, pulled, request %d", as, seed + 1000)
                            .isEqualTo(read(alone.generate(other)));
                    pull.release(kept.kept().orElseThrow());
                }
            }
            assertThat(pull.conversions().bytes(KvConversions.Reason.INT8) > 0)
                    .as("%s: codes were pulled", as)
                    .isEqualTo(type == KvTransferType.INT8);
        }
    }

    private static KvReceiver receiver(Engine engine, String name, KvTransferType type) {
        return KvReceiver.start(
                engine.cache(),
                engine::reserve,
                KvReceiverOptions.loopback(name).withTransferType(type),
                TimeSource.system());
    }

    private void refusesBlocksOfOtherSizes() throws InterruptedException {
        GenerateRequest request = request(5);
        try (Engine to = engine(16, 60, 64);
                KvReceiver taker = KvReceiver.start(
                        to.cache(), to::reserve, KvReceiverOptions.loopback("node B"), TimeSource.system())) {
            KvTransferParams params = taker.reserve(KvPrefix.of(request, request.promptTokens().length));
            assertThatThrownBy(() -> read(prefill.prefill(request, pusher.sink(params.forPrefill(), _ -> {}))))
                    .isInstanceOf(ServiceException.class)
                    .hasMessageContaining("prefill node A")
                    .hasMessageContaining("node B")
                    .hasMessageContaining("block size");
        }
    }

    private static Transport transport() {
        return TransferProtocols.AUTO.transport(TransferClientOptions.DEFAULT, TimeSource.system());
    }

    private static Tokens continued(Engine engine, GenerateRequest request, Tokens first, BlockReservation blocks)
            throws InterruptedException {
        Tokens rest = read(engine.resume(request.continuing(first.ids().getFirst()), blocks));
        List<Integer> ids = new ArrayList<>(first.ids());
        ids.addAll(rest.ids());
        return new Tokens(ids, rest.reason());
    }
}
