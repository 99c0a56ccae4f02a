package io.yuebing.cli.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.UserError;
import io.yuebing.cli.OperationFailed;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class PullTest {
    private static final String WEIGHTS = "model.safetensors";
    private static final Patience QUICK =
            new Patience(4, Duration.ofMillis(1), Duration.ofMillis(5), Duration.ofSeconds(5));
    private static final RepoId REPO = new RepoId("org", "model", Optional.empty());
    private static final RepoId SCOPE_REPO = new RepoId("org", "model.v1", Optional.empty());

    @TempDir
    private Path cache;

    private FakeHub fake;
    private final byte[] weights = new byte[300_000];
    private final byte[] config = "{\"model_type\":\"qwen2\"}".getBytes(StandardCharsets.UTF_8);
    private final Events events = new Events();

    @BeforeEach
    void start() throws IOException {
        new Random(7).nextBytes(weights);
        fake = new FakeHub();
        fake.put("config.json", config);
        fake.put("tokenizer.json", "{}".getBytes(StandardCharsets.UTF_8));
        fake.put(WEIGHTS, weights);
        fake.put("pytorch_model.bin", new byte[20_000]);
        fake.put("README.md", new byte[100]);
    }

    @AfterEach
    void stop() throws IOException {
        fake.close();
    }

    @Test
    void filesLieWhereTheHubsOwnToolsLookForThem() throws Exception {
        Path snapshot = pull();
        Path root = cache.resolve("models--org--model");
        assertThat(snapshot).isEqualTo(root.resolve("snapshots").resolve(FakeHub.COMMIT));
        assertThat(root.resolve("refs/main")).hasContent(FakeHub.COMMIT);
        assertThat(snapshot.resolve(WEIGHTS)).hasBinaryContent(weights).isSymbolicLink();
        assertThat(Files.readSymbolicLink(snapshot.resolve(WEIGHTS)))
                .isEqualTo(Path.of("../../blobs/" + FakeHub.sha256(weights)));
        assertThat(root.resolve("blobs").resolve(FakeHub.gitSha1(config))).hasBinaryContent(config);
        assertThat(Snapshot.complete(snapshot)).isTrue();
        assertThat(hub(Map.of()).fetched(REPO)).contains(snapshot);
    }

    @Test
    void onlyWhatServingNeedsIsFetched() throws Exception {
        try (Stream<Path> files = Files.list(pull())) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("config.json", "tokenizer.json", WEIGHTS);
        }
    }

    @Test
    void aSecondPullFetchesNothing() throws Exception {
        pull();
        int before = fake.storageRequests().size();
        pull();
        assertThat(fake.storageRequests()).hasSize(before);
    }

    @Test
    void aCutConnectionGoesOnWhereItEnded() throws Exception {
        fake.cuts.put(WEIGHTS, new AtomicInteger(3));
        assertThat(pull().resolve(WEIGHTS)).hasBinaryContent(weights);
        // How many of the bytes before the cut arrive is the network's affair; none may be asked for twice.
        assertThat(fake.storageRequests().stream()
                        .map(request -> request.headers().getOrDefault("range", "bytes=0-"))
                        .map(range -> Integer.parseInt(range.replaceAll("\\D", ""))))
                .hasSize(4)
                .startsWith(0)
                .isSorted()
                .doesNotHaveDuplicates();
        assertThat(events.retries).hasSize(3);
    }

    @Test
    void anInterruptedPullGoesOnInTheNextOne() throws Exception {
        fake.cuts.put(WEIGHTS, new AtomicInteger(1));
        fake.refusal = 0;
        Patience none = new Patience(1, Duration.ofMillis(1), Duration.ofMillis(1), Duration.ofSeconds(5));
        assertThatThrownBy(() -> new Pull(hub(Map.of()), REPO, events, none).run())
                .isInstanceOf(OperationFailed.class)
                .hasMessageContaining("cannot fetch model.safetensors of org/model")
                .hasMessageContaining("go on from here");
        assertThat(pull().resolve(WEIGHTS)).hasBinaryContent(weights);
        assertThat(fake.storageRequests().getLast().headers()).containsKey("range");
    }

    @Test
    void aServerThatIgnoresRangesIsReadFromTheStart() throws Exception {
        fake.ranges = false;
        fake.cuts.put(WEIGHTS, new AtomicInteger(1));
        assertThat(pull().resolve(WEIGHTS)).hasBinaryContent(weights);
    }

    @Test
    void damagedContentIsFetchedOnceMore() throws Exception {
        fake.damages.put(WEIGHTS, new AtomicInteger(1));
        assertThat(pull().resolve(WEIGHTS)).hasBinaryContent(weights);
        assertThat(fake.storageRequests()).hasSize(2);
    }

    @Test
    void contentThatStaysDamagedIsRefusedAndNeverAppearsInTheSnapshot() {
        fake.damages.put(WEIGHTS, new AtomicInteger(100));
        assertThatThrownBy(this::pull)
                .isInstanceOf(OperationFailed.class)
                .hasMessageContaining("arrived damaged twice: expected SHA-256 " + FakeHub.sha256(weights));
        assertThat(cache.resolve("models--org--model/snapshots")
                        .resolve(FakeHub.COMMIT)
                        .resolve(WEIGHTS))
                .doesNotExist();
    }

    @Test
    void anOverloadedServerIsAskedAgain() throws Exception {
        fake.overloads.set(2);
        assertThat(pull().resolve(WEIGHTS)).hasBinaryContent(weights);
    }

    @Test
    void aMirrorThatListsOnlyNamesIsAskedForEachFile() throws Exception {
        fake.terse = true;
        fake.damages.put(WEIGHTS, new AtomicInteger(1));
        assertThat(pull().resolve(WEIGHTS)).hasBinaryContent(weights);
    }

    @Test
    void theTokenGoesToTheHubAndNotToItsStorageServer() throws Exception {
        new Pull(hub(Map.of("HF_TOKEN", "secret")), REPO, events, QUICK).run();
        assertThat(fake.hubRequests())
                .allSatisfy(request -> assertThat(request.headers()).containsEntry("authorization", "Bearer secret"));
        assertThat(fake.storageRequests())
                .isNotEmpty()
                .allSatisfy(request -> assertThat(request.headers()).doesNotContainKey("authorization"));
    }

    @Test
    void aGatedRepositorySaysWhatToDo() {
        fake.refusal = 401;
        assertThatThrownBy(this::pull)
                .isInstanceOf(UserError.class)
                .hasMessageContaining("accept its licence at " + fake.endpoint() + "/org/model")
                .hasMessageContaining("set HF_TOKEN");
    }

    @Test
    void aMissingRepositorySaysWhatToCheck() {
        fake.refusal = 404;
        assertThatThrownBy(this::pull)
                .isInstanceOf(UserError.class)
                .hasMessageContaining("has no org/model (HTTP 404): check spelling");
    }

    @Test
    void aHubThatCannotBeReachedSaysWhatToTry() throws Exception {
        fake.close();
        assertThatThrownBy(this::pull)
                .isInstanceOf(OperationFailed.class)
                .hasMessageContaining("cannot reach the Hugging Face hub")
                .hasMessageContaining("HF_ENDPOINT");
    }

    @Test
    void aRepositoryWithoutSafetensorsIsRefused() {
        fake.put("config.json", config);
        FakeHub other = fake;
        assertThatThrownBy(() -> {
                    try (FakeHub empty = new FakeHub()) {
                        fake = empty;
                        empty.put("config.json", config);
                        pull();
                    } finally {
                        fake = other;
                    }
                })
                .isInstanceOf(UserError.class)
                .hasMessageContaining("has no *.safetensors weights");
    }

    @Test
    void modelScopeKeepsItsFilesInItsOwnFolder() throws Exception {
        Hub scope =
                ModelScopeHub.of(Map.of("MODELSCOPE_DOMAIN", fake.endpoint(), "MODELSCOPE_CACHE", cache.toString()));
        fake.cuts.put(WEIGHTS, new AtomicInteger(1));
        Path folder = new Pull(scope, SCOPE_REPO, events, QUICK).run();
        assertThat(folder).isEqualTo(cache.resolve("models/org/model___v1"));
        assertThat(folder.resolve(WEIGHTS)).hasBinaryContent(weights);
        assertThat(scope.fetched(SCOPE_REPO)).contains(folder);
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).hasSize(3);
        }
    }

    @Test
    void aSnapshotWithoutOneOfItsShardsIsNotComplete() throws Exception {
        Path folder = pull();
        Files.writeString(
                folder.resolve("model.safetensors.index.json"),
                "{\"weight_map\":{\"a\":\"model.safetensors\",\"b\":\"model-2.safetensors\"}}");
        assertThat(Snapshot.complete(folder)).isFalse();
        Files.createFile(folder.resolve("model-2.safetensors"));
        assertThat(Snapshot.complete(folder)).isTrue();
    }

    private Path pull() throws InterruptedException, IOException {
        return new Pull(hub(Map.of()), REPO, events, QUICK).run();
    }

    private Hub hub(Map<String, String> more) throws IOException {
        Map<String, String> environment = new java.util.HashMap<>(more);
        environment.put("HF_ENDPOINT", fake.endpoint());
        environment.put("HF_HUB_CACHE", cache.toString());
        environment.put("HOME", cache.toString());
        return HuggingFaceHub.of(environment);
    }

    /** Counts the attempts that failed. */
    private static final class Events implements PullListener {
        final List<String> retries = new CopyOnWriteArrayList<>();

        @Override
        public void began(long bytes, long have) {
            assertThat(have).isBetween(0L, bytes);
        }

        @Override
        public void received(long bytes) {
            // The contents themselves are checked.
        }

        @Override
        public void fetched(RemoteFile file) {
            assertThat(file.checksum()).isPresent();
        }

        @Override
        public void retrying(String what, String reason, Duration delay) {
            retries.add(what);
        }
    }
}
