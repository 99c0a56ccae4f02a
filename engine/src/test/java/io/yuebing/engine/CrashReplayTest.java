package io.yuebing.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.GenerateRequest;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.ServiceException;
import io.yuebing.api.UserError;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import io.yuebing.model.CausalLm;
import io.yuebing.model.Models;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Timeout(120)
class CrashReplayTest {
    private static final Path DEMO = Path.of("../models/demo");
    private static final int BROKEN_LAYER = 2;
    private static final EngineConfig CONFIG = new EngineConfig(16, 64, 64, 8, 8, 256, ElementType.BF16, true, "0");

    @TempDir
    private Path folder;

    @Test
    void theReplayFindsTheLayerWhoseWeightsHoldAnInf() throws Exception {
        Path damaged = withInf("model.layers." + BROKEN_LAYER + ".mlp.down_proj.scales");
        String failure;
        try (CausalLm model = load(damaged);
                Engine engine = Engine.start(model, CONFIG, dumps("demo"))) {
            int[] prompt = IntStream.range(0, 100).map(i -> 100 + i * 7 % 3000).toArray();
            failure = failure(engine, prompt);
        }
        Path file = onlyDump();
        assertThat(failure).contains("NaN or infinite for position 100").contains("yuebing replay " + file);

        CrashDump dump = CrashDump.read(file);
        assertThat(dump.slices()).singleElement().satisfies(slice -> {
            assertThat(slice.from()).isEqualTo(64);
            assertThat(slice.to()).isEqualTo(100);
            assertThat(slice.failure()).isPresent();
            assertThat(slice.sampling()).isEqualTo(sampling());
        });
        try (CausalLm model = load(damaged)) {
            assertThat(model.fingerprint()).isEqualTo(dump.fingerprint());
            CrashReplay.Report report = CrashReplay.run(model, dump);
            assertThat(report.thrown()).isEmpty();
            assertThat(report.first()).hasValueSatisfying(stage -> {
                assertThat(stage.layer()).isEqualTo(BROKEN_LAYER);
                assertThat(stage.name()).isEqualTo("feed-forward");
                assertThat(stage.first())
                        .hasValueSatisfying(row -> assertThat(row.position()).isZero());
                assertThat(stage.channel()).isZero();
            });
            assertThat(report.stages().getLast().notFinite()).isPositive();
        }
        try (CausalLm sound = load(DEMO)) {
            CrashReplay.Report report = CrashReplay.run(sound, dump);
            assertThat(report.first()).isEmpty();
            assertThat(report.stages().getLast().values())
                    .isEqualTo(sound.config().vocabSize());
        }
    }

    @Test
    void whatTheModelThrowsIsKeptWithAllSequencesOfTheStep() throws Exception {
        HashingModel model = new HashingModel();
        try (Engine engine = Engine.start(model, CONFIG, dumps("hashing"))) {
            assertThat(failure(engine, 5, HashingModel.POISON, 7))
                    .contains("poisoned. The step is kept in " + onlyDump());
        }
        CrashDump dump = CrashDump.read(onlyDump());
        assertThat(dump.failure()).contains("poisoned");
        assertThat(dump.slices().getFirst().tokens()).containsExactly(5, HashingModel.POISON, 7);
        assertThat(dump.slices().getFirst().blockTables()).isDeepEqualTo(new int[][] {{0}});
        assertThat(CrashReplay.run(model, dump).thrown())
                .hasValueSatisfying(thrown -> assertThat(thrown).hasMessage("poisoned"));
    }

    @Test
    void onlyTheNewestFilesAreKept() throws Exception {
        List<CrashDump.Slice> slices = List.of();
        HashingModel model = new HashingModel();
        for (int i = 0; i < CrashDumps.MOST_FILES + 5; i++) {
            Instant time = Instant.EPOCH.plusSeconds(i);
            CrashDumps.in(folder.resolve("crashes"), "m", "f32", () -> time).keep(model, CONFIG, "test", slices);
        }
        assertThat(dumpFiles()).hasSize(CrashDumps.MOST_FILES);
        assertThat(dumpFiles().getFirst().getFileName().toString()).startsWith("crash-19700101T000005");
    }

    @Test
    void aFolderThatCannotBeWrittenChangesNothingElse() throws Exception {
        Path occupied = Files.writeString(folder.resolve("occupied"), "a file");
        try (Engine engine =
                Engine.start(new HashingModel(), CONFIG, CrashDumps.in(occupied, "m", "f32", () -> Instant.EPOCH))) {
            assertThat(failure(engine, HashingModel.POISON)).endsWith("poisoned");
        }
    }

    @Test
    void aFileThatIsNoDumpIsRefusedByName() throws Exception {
        Path text = Files.writeString(folder.resolve("text.json"), "no dump");
        assertThatThrownBy(() -> CrashDump.read(text))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("text.json is no crash dump");
        Path other = Files.writeString(folder.resolve("other.json"), "{\"format\": 7, \"version\": \"9.1\"}");
        assertThatThrownBy(() -> CrashDump.read(other))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("format 7")
                .hasMessageContaining("yuebing 9.1");
        assertThatThrownBy(() -> CrashDump.read(folder.resolve("missing.json")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("missing.json");
    }

    private CrashDumps dumps(String model) {
        return CrashDumps.in(folder.resolve("crashes"), model, "f32", () -> Instant.EPOCH);
    }

    private Path onlyDump() throws IOException {
        assertThat(dumpFiles()).hasSize(1);
        return dumpFiles().getFirst();
    }

    private List<Path> dumpFiles() throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve("crashes"))) {
            return files.sorted().toList();
        }
    }

    private static String failure(Engine engine, int... prompt) {
        GenerateRequest request = GenerateRequest.of("crashing", prompt, sampling());
        ServiceException[] failure = new ServiceException[1];
        assertThatThrownBy(() -> Result.of(engine.generate(request)))
                .isInstanceOfSatisfying(ServiceException.class, e -> failure[0] = e);
        return String.valueOf(failure[0].getMessage());
    }

    private static SamplingParams sampling() {
        return SamplingParams.builder().temperature(0.7).seed(3).maxTokens(5).build();
    }

    private static CausalLm load(Path dir) {
        return Models.load(dir, new Models.LoadOptions(ComputeMode.F32, 1, Models.ProgressListener.NONE));
    }

    /** The bundled model with an infinite first scale in one matrix. */
    private Path withInf(String tensor) throws IOException {
        Path copy = Files.createDirectory(folder.resolve("damaged"));
        try (Stream<Path> files = Files.list(DEMO)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, copy.resolve(file.getFileName()));
            }
        }
        Path weights = copy.resolve("model.safetensors");
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(weights)).order(ByteOrder.LITTLE_ENDIAN);
        int header = (int) bytes.getLong(0);
        String json = new String(bytes.array(), Long.BYTES, header, StandardCharsets.UTF_8);
        JsonNode found = JsonMapper.shared().readTree(json).get(tensor);
        assertThat(found.get("dtype").asString()).isEqualTo("F16");
        int at = Long.BYTES + header + found.get("data_offsets").get(0).asInt();
        bytes.putShort(at, (short) 0x7c00);
        Files.write(weights, bytes.array());
        return copy;
    }
}
