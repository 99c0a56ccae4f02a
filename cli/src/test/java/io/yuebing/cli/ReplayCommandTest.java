package io.yuebing.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.api.GenerateRequest;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.ServiceException;
import io.yuebing.api.TokenStream;
import io.yuebing.engine.CrashDumps;
import io.yuebing.engine.Engine;
import io.yuebing.engine.EngineConfig;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import io.yuebing.model.CausalLm;
import io.yuebing.model.Models;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A model with an infinite weight fails, and {@code replay} tells where. */
@Timeout(120)
class ReplayCommandTest {
    @TempDir
    private static Path folder;

    private static Path damaged;
    private static Path dump;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeAll
    static void fail() throws IOException, InterruptedException {
        damaged = withInf("model.layers.3.self_attn.o_proj.scales");
        Path crashes = folder.resolve("crashes");
        EngineConfig config = new EngineConfig(16, 32, 64, 4, 4, 256, ElementType.BF16, true, "0");
        try (CausalLm model = Models.load(
                        damaged, new Models.LoadOptions(ComputeMode.INT8, 1, Models.ProgressListener.NONE));
                Engine engine = Engine.start(
                        model, config, CrashDumps.in(crashes, "damaged", "int8", InstantSource.system()))) {
            int[] prompt = IntStream.range(0, 20).map(i -> 100 + i).toArray();
            readToEnd(engine.generate(GenerateRequest.of("request-1", prompt, SamplingParams.greedy(4))));
        }
        try (Stream<Path> files = Files.list(crashes)) {
            dump = files.findFirst().orElseThrow();
        }
    }

    private static void readToEnd(TokenStream stream) throws InterruptedException {
        try (stream) {
            while (true) {
                stream.next();
            }
        } catch (ServiceException e) {
            assertThat(e).hasMessageContaining("yuebing replay ");
        }
    }

    @Test
    void theFirstStageThatIsNotFiniteIsNamed() {
        assertThat(replay(dump)).as(err.toString()).isZero();
        assertThat(out.toString())
                .contains("fingerprint matches")
                .contains("sequence: request-1, tokens 0 to 19 of 20, prompt 20, seed 0: The model computed logits")
                .containsPattern("2 +feed-forward +[0-9.]+\\s*\n3 +attention ")
                .contains("Values leave the finite range at layer 3, attention.")
                .doesNotContain("text of ");
    }

    @Test
    void textIsShownOnlyIfAskedFor() {
        assertThat(replay(dump, "--text")).isZero();
        assertThat(out.toString()).contains("text of request-1:");
    }

    @Test
    void anotherModelIsRefusedWithBothFingerprints() throws IOException {
        Path other = folder.resolve("other.json");
        String json = Files.readString(dump);
        String fingerprint =
                JsonMapper.shared().readTree(json).get("fingerprint").asString();
        Files.writeString(other, json.replace(fingerprint, "0123abcd"));
        assertThat(replay(other)).isEqualTo(2);
        assertThat(err.toString())
                .startsWith("yuebing: The step was computed with another model")
                .contains("0123abcd", fingerprint, "--model");
    }

    @Test
    void anotherVersionIsNamed() throws IOException {
        Path other = folder.resolve("older.json");
        String json = Files.readString(dump);
        String version = JsonMapper.shared().readTree(json).get("version").asString();
        Files.writeString(other, json.replace("\"" + version + "\"", "\"0.0.1\""));
        assertThat(replay(other)).isZero();
        assertThat(out.toString()).contains("yuebing 0.0.1").contains("this is yuebing " + version);
    }

    @Test
    void aFileThatIsNoDumpIsAUserError() throws IOException {
        assertThat(replay(Files.writeString(folder.resolve("no.json"), "{}"))).isEqualTo(2);
        assertThat(err.toString()).startsWith("yuebing: ").contains("no.json");
        assertThat(err.toString().lines()).hasSize(1);
    }

    private int replay(Path file, String... more) {
        CommandLine commands = Commands.of(new Terminal(false, false, 100));
        commands.setOut(new PrintWriter(out, true));
        commands.setErr(new PrintWriter(err, true));
        Stream<String> first = Stream.of("replay", file.toString(), "--model", damaged.toString());
        return commands.execute(Stream.concat(first, Stream.of(more)).toArray(String[]::new));
    }

    /** The bundled model with an infinite first scale in one matrix. */
    private static Path withInf(String tensor) throws IOException {
        Path demo = Path.of("..", "models", "demo");
        Path copy = Files.createDirectory(folder.resolve("damaged"));
        for (String name : List.of("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors")) {
            Files.copy(demo.resolve(name), copy.resolve(name));
        }
        Path weights = copy.resolve("model.safetensors");
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(weights)).order(ByteOrder.LITTLE_ENDIAN);
        int header = (int) bytes.getLong(0);
        JsonNode found = JsonMapper.shared()
                .readTree(new String(bytes.array(), Long.BYTES, header, StandardCharsets.UTF_8))
                .get(tensor);
        int at = Long.BYTES + header + found.get("data_offsets").get(0).asInt();
        bytes.putShort(at, (short) 0x7c00); // an F16
        Files.write(weights, bytes.array());
        return copy;
    }
}
