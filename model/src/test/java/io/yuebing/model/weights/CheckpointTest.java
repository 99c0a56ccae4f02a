package io.yuebing.model.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.UserError;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CheckpointTest {
    @TempDir
    Path dir;

    private Path file() {
        return dir.resolve("model.safetensors");
    }

    private SafetensorsFile small() {
        return new SafetensorsFile()
                .floats("a.weight", new float[] {1, 2, 3, 4, 5, 6}, 2, 3)
                .halfs("b.weight", new float[] {7, 8, 9}, 3)
                .ints("c", new int[] {-1}, 1)
                .add("d", TensorType.I64, new byte[0], 0, 5)
                .add("e", TensorType.F64, new byte[8]);
    }

    @Test
    void tensorsComeBackWithTypeShapeAndBytes() {
        small().write(file());
        Checkpoint checkpoint = Checkpoint.open(dir);

        assertThat(checkpoint.tensors())
                .extracting(TensorInfo::name)
                .containsExactly("a.weight", "b.weight", "c", "d", "e");
        assertThat(checkpoint.require("a.weight").shape()).containsExactly(2L, 3L);
        assertThat(FloatFormat.read(checkpoint.require("a.weight"))).containsExactly(1, 2, 3, 4, 5, 6);
        assertThat(FloatFormat.read(checkpoint.require("b.weight"))).containsExactly(7, 8, 9);
        try (Arena arena = Arena.ofConfined()) {
            assertThat(Checkpoint.map(checkpoint.require("c"), arena).get(ValueLayout.JAVA_INT_UNALIGNED, 0))
                    .isEqualTo(-1);
            assertThat(Checkpoint.map(checkpoint.require("d"), arena).byteSize())
                    .isZero();
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        {"t":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}}     | tensor t has unknown dtype 'F33', expected one of
        {"t":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}     | tensor t at offset 62: shape [2] of F32 needs 8 bytes, data_offsets span 4
        {"t":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}    | t.shape must be a list of whole numbers of at least 0, found [-1]
        {"t":{"dtype":"F32","shape":"x","data_offsets":[0,4]}}     | t.shape must be a list, found "x"
        {"t":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}     | data_offsets [from, to] with from <= to, found [4, 0]
        {"t":{"dtype":"F32","shape":[1],"data_offsets":[0]}}       | data_offsets [from, to] with from <= to, found [0]
        {"t":{"dtype":"F32","shape":[9],"data_offsets":[0,36]}}    | truncated: tensor t at offset 63 ends at byte 99, the file has 79 bytes
        {"t":{"dtype":"F32","shape":[1]}}                          | t.data_offsets is missing
        {"t":{"shape":[1],"data_offsets":[0,4]}}                   | t.dtype is missing
        {"t":null}                                                 | t is missing
        {"t":7}                                                    | t must be an object, found 7
        {"t":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,4]}} | more bytes than a 64-bit number counts
        {"t":{"dtype":"F32","shape":[9e99],"data_offsets":[0,4]}}  | t.shape must be a list of whole numbers
        {"t":{"dtype":"F32","shape":[4611686018427387903],"data_offsets":[0,4]}} | more bytes than a 64-bit number counts
        {"t":{"dtype":"U8","shape":[9223372036854775800],"data_offsets":[0,9223372036854775800]}} | truncated: tensor t
        {"t":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"u":{"dtype":"U8","shape":[4],"data_offsets":[3,7]}} | inside tensor t, which ends at
        {"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"t":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}} | not valid JSON: Duplicate
        {"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}      | not valid JSON
        {} {}                                                      | not valid JSON
        []                                                         | expected a JSON object, found []
        """)
    void aDamagedHeaderIsToldInOneSentence(String header, String expected) {
        SafetensorsFile.write(file(), header, new byte[16]);

        assertThatThrownBy(() -> Checkpoint.open(dir))
                .isInstanceOf(UserError.class)
                .message()
                .startsWith(file().toString())
                .contains(expected)
                .doesNotContain("\n");
    }

    @Test
    void anImpossibleHeaderLengthIsToldBeforeAnythingIsAllocated() throws IOException {
        Files.write(file(), new byte[] {-1, -1, -1, -1, -1, -1, -1, 127, '{', '}'});
        assertThatThrownBy(() -> Checkpoint.open(dir))
                .isInstanceOf(UserError.class)
                .hasMessage(file() + ": header length at offset 0 must be in [2, 100000000], found 9223372036854775807;"
                        + " this is no safetensors file, or a damaged one");

        Files.write(file(), new byte[] {0, 0, 1, 0, 0, 0, 0, 0, '{', '}'});
        assertThatThrownBy(() -> Checkpoint.open(dir))
                .isInstanceOf(UserError.class)
                .hasMessage(file() + ": truncated: the header at offset 8 has 65536 bytes, the file only 2 after the"
                        + " length; fetch the file again");

        Files.write(file(), new byte[3]);
        assertThatThrownBy(() -> Checkpoint.open(dir))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("found 3 bytes");
    }

    /** A flipped bit or a cut may leave a valid file; it must never end in anything but success or a sentence. */
    @Test
    void noMutationOfAFileEndsInAnotherException() throws IOException {
        byte[] valid = Files.readAllBytes(small().write(file()));
        long seed = 20_260_101;
        for (int round = 0; round < 3000; round++) {
            Random random = new Random(seed + round);
            byte[] mutated = mutate(valid, random);
            Files.write(file(), mutated);
            try {
                Checkpoint checkpoint = Checkpoint.open(dir);
                checkpoint.tensors().stream()
                        .filter(tensor -> FloatFormat.TYPES.contains(tensor.type()))
                        .forEach(FloatFormat::read);
            } catch (UserError expected) {
                assertThat(expected).as("seed %d", seed + round).hasMessageContaining(file().toString());
            } catch (RuntimeException | Error e) {
                throw new AssertionError("seed " + (seed + round) + ": " + e, e);
            }
        }
    }

    private static byte[] mutate(byte[] valid, Random random) {
        byte[] bytes = random.nextInt(4) == 0 ? Arrays.copyOf(valid, random.nextInt(valid.length + 20)) : valid.clone();
        int changes = bytes.length == 0 ? 0 : random.nextInt(4);
        for (int i = 0; i < changes; i++) {
            int at = random.nextInt(bytes.length);
            bytes[at] = switch (random.nextInt(3)) {
                case 0 -> (byte) (bytes[at] ^ 1 << random.nextInt(8));
                case 1 -> (byte) ('0' + random.nextInt(10));
                default -> (byte) random.nextInt(256);
            };
        }
        return bytes;
    }

    @Test
    void shardsAreFoundThroughTheIndex() throws IOException {
        new SafetensorsFile().floats("a", new float[] {1}, 1).write(dir.resolve("model-1.safetensors"));
        new SafetensorsFile().floats("b", new float[] {2}, 1).write(dir.resolve("model-2.safetensors"));
        index("{\"a\": \"model-1.safetensors\", \"b\": \"model-2.safetensors\"}");

        Checkpoint checkpoint = Checkpoint.open(dir);

        assertThat(FloatFormat.read(checkpoint.require("a"))).containsExactly(1);
        assertThat(FloatFormat.read(checkpoint.require("b"))).containsExactly(2);
        assertThat(checkpoint.bytes()).isEqualTo(8);
        assertThatThrownBy(() -> checkpoint.require("c"))
                .isInstanceOf(UserError.class)
                .hasMessage(dir + ": tensor c is missing; looked in the headers of [model-1.safetensors,"
                        + " model-2.safetensors], which hold 2 tensors");
    }

    @Test
    void aMissingShardIsTold() throws IOException {
        index("{\"a\": \"model-1.safetensors\", \"b\": \"model-1.safetensors\"}");
        assertThatThrownBy(() -> Checkpoint.open(dir))
                .isInstanceOf(UserError.class)
                .hasMessage(dir.resolve("model-1.safetensors")
                        + " is missing: model.safetensors.index.json places 2 tensors in it, the first being a; fetch"
                        + " the file again");
    }

    @Test
    void aShardWithoutItsTensorIsTold() throws IOException {
        new SafetensorsFile().floats("a", new float[] {1}, 1).write(dir.resolve("model-1.safetensors"));
        index("{\"a\": \"model-1.safetensors\", \"b\": \"model-1.safetensors\"}");
        assertThatThrownBy(() -> Checkpoint.open(dir))
                .isInstanceOf(UserError.class)
                .hasMessage(dir.resolve("model-1.safetensors")
                        + ": tensor b is missing; model.safetensors.index.json places it in this file");
    }

    @Test
    void anIndexCannotPointOutOfItsDirectory() throws IOException {
        index("{\"a\": \"../secret.safetensors\"}");
        assertThatThrownBy(() -> Checkpoint.open(dir))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("must be placed in a file of the same directory, found '../secret.safetensors'");
    }

    @Test
    void aDirectoryWithoutWeightsIsTold() {
        assertThatThrownBy(() -> Checkpoint.open(dir))
                .isInstanceOf(UserError.class)
                .hasMessage(dir + " has no safetensors file; expected model.safetensors, or shards with"
                        + " model.safetensors.index.json beside them");
    }

    @Test
    void aLoneFileOfAnotherNameIsTaken() {
        small().write(dir.resolve("gptq_model-4bit-128g.safetensors"));
        assertThat(Checkpoint.open(dir).find("a.weight")).isPresent();
    }

    private void index(String weightMap) throws IOException {
        Files.writeString(dir.resolve("model.safetensors.index.json"), "{\"weight_map\": " + weightMap + "}");
    }
}
