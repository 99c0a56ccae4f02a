package io.yuebing.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.yuebing.api.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GgufModelTest {
    @TempDir
    Path dir;

    private Path file() {
        return dir.resolve("m.gguf");
    }

    private static GgufWriter small() {
        return new GgufWriter()
                .text("general.architecture", "qwen2")
                .integer("qwen2.block_count", 2)
                .number("qwen2.rope.freq_base", 1e6f)
                .bool("tokenizer.ggml.add_bos_token", true)
                .texts("tokenizer.ggml.tokens", List.of("a", "bc", "▁d"))
                .integers("tokenizer.ggml.token_type", List.of(1, 3, -1))
                .tensor("a.weight", GgmlType.F32, new byte[24], 2, 3)
                .tensor("b.weight", GgmlType.Q4_0, new byte[4 * 18], 2, 64);
    }

    private static int find(byte[] bytes, String text) {
        String all = new String(bytes, StandardCharsets.ISO_8859_1);
        return all.indexOf(text) + text.length();
    }

    private void refused(byte[] bytes, String expected) throws IOException {
        Files.write(file(), bytes);
        refused(() -> GgufModel.open(file()), expected);
    }

    private static void refused(ThrowingCallable call, String expected) {
        assertThatThrownBy(call).isInstanceOf(UserError.class).hasMessageContaining(expected);
    }

    @Test
    void metadataAndTensorsComeBack() throws IOException {
        small().write(file());

        GgufModel model = GgufModel.open(file());

        assertThat(model.metadata().requireText("general.architecture")).isEqualTo("qwen2");
        assertThat(model.metadata().integer("qwen2.block_count", 0, 9)).hasValue(2);
        assertThat(model.metadata().number("qwen2.rope.freq_base")).hasValue(1e6);
        assertThat(model.metadata().bool("tokenizer.ggml.add_bos_token")).contains(true);
        assertThat(model.metadata().texts("tokenizer.ggml.tokens")).contains(List.of("a", "bc", "▁d"));
        assertThat(model.metadata().wholes("tokenizer.ggml.token_type").orElseThrow())
                .containsExactly(1, 3, -1);
        assertThat(model.tensors())
                .extracting(GgufTensor::name, GgufTensor::shape, GgufTensor::bytes)
                .containsExactly(tuple("a.weight", List.of(2L, 3L), 24L), tuple("b.weight", List.of(2L, 64L), 72L));
        assertThat(model.tensors()).allMatch(tensor -> tensor.offset() % 32 == 0);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        0  | 4 | 0x46554746 | starts with the bytes 47 47 55 46 ('GGUF') at offset 0, found 46475546
        4  | 4 | 1          | version at offset 4 must be 2 or 3, found 1; convert
        4  | 4 | 0x03000000 | found 3 in big-endian order
        8  | 8 | -1         | number of tensors at offset 8 must be in [0,
        8  | 8 | 1000000    | number of tensors at offset 8 must be in [0,
        16 | 8 | 1000000    | number of metadata entries at offset 16 must be in [0,
        24 | 8 | -5         | length of a metadata key at offset 24 must be in [0,
        24 | 8 | 99999999   | length of a metadata key at offset 24 must be in [0,
        """)
    void aDamagedFrontIsToldWithItsOffset(int offset, int size, String value, String expected) throws IOException {
        byte[] bytes = small().bytes();
        put(bytes, offset, size, Long.decode(value));
        refused(bytes, expected);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        qwen2.block_count     | 0  | 4 | 13       | metadata key qwen2.block_count has type 13 at offset
        tokenizer.ggml.tokens | 0  | 4 | 13       | metadata key tokenizer.ggml.tokens has type 13 at offset
        tokenizer.ggml.tokens | 4  | 4 | 9        | is a list of lists
        tokenizer.ggml.tokens | 8  | 8 | 99999999 | metadata key tokenizer.ggml.tokens has 99999999 elements by offset
        tokenizer.ggml.tokens | 16 | 8 | -1       | the length of metadata key tokenizer.ggml.tokens at offset
        a.weight              | 0  | 4 | 5        | must have 1 to 4 axes, found 5
        a.weight              | 0  | 4 | 0        | must have 1 to 4 axes, found 0
        a.weight              | 4  | 8 | 0        | has sizes [2, 0], expected at least 1
        a.weight              | 4  | 8 | -3       | has sizes [2, -3], expected at least 1
        a.weight              | 12 | 8 | 0x4000000000000000 | more than a 64-bit number counts
        a.weight              | 12 | 8 | 99       | truncated: tensor a.weight has 1188 bytes from data offset 0
        a.weight              | 20 | 4 | 16       | has type 16 (IQ2_XXS), which is not supported; supported: [F32,
        a.weight              | 20 | 4 | 999      | has type 999, which is not supported
        a.weight              | 24 | 8 | 7        | has data offset 7, expected a multiple of the alignment 32
        a.weight              | 24 | 8 | -32      | expected a multiple of the alignment 32
        a.weight              | 24 | 8 | 3200     | truncated: tensor a.weight
        b.weight              | 4  | 8 | 63       | has rows of 63 elements, expected a multiple of 32, the block of Q4_0
        b.weight              | 24 | 8 | 0        | tensor b.weight starts at offset
        """)
    void aDamagedEntryIsToldWithItsName(String name, int delta, int size, String value, String expected)
            throws IOException {
        byte[] bytes = small().bytes();
        put(bytes, find(bytes, name) + delta, size, Long.decode(value));
        refused(bytes, expected);
    }

    @Test
    void namesThatOccurTwiceAreRefused() throws IOException {
        refused(small().integer("qwen2.block_count", 3).bytes(), "metadata key qwen2.block_count occurs twice");
        refused(small().tensor("a.weight", GgmlType.F32, new byte[4], 1).bytes(), "tensor a.weight is described twice");
    }

    @Test
    void longNamesAreKeptWholeAndShownInPart() throws IOException {
        String stem = "x".repeat(80);
        new GgufWriter()
                .integer(stem + ".first", 1)
                .integer(stem + ".second", 2)
                .tensor(stem + ".a", GgmlType.F32, new byte[24], 2, 3)
                .tensor(stem + ".b", GgmlType.F32, new byte[24], 2, 3)
                .write(file());

        GgufModel model = GgufModel.open(file());

        assertThat(model.metadata().integer(stem + ".second", 0, 9)).hasValue(2);
        assertThat(model.tensors()).extracting(GgufTensor::name).containsExactly(stem + ".a", stem + ".b");
    }

    @Test
    void aRefusalIsOneLineWhateverTheFileSays() throws IOException {
        new GgufWriter().text("a\nb", "c\u001b[2J").write(file());

        assertThatThrownBy(() -> GgufModel.open(file()).metadata().integer("a\nb", 0, 9))
                .hasMessage(file() + ": metadata key a?b must be a whole number in [0, 9], found 'c?[2J'");
    }

    @Test
    void anAlignmentMustBeAPowerOfTwo() throws IOException {
        refused(small().integer("general.alignment", 24).bytes(), "general.alignment must be a power of two, found 24");
        refused(small().integer("general.alignment", 0).bytes(), "general.alignment must be a whole number in [1,");
    }

    @Test
    void everyTruncationIsRefused() throws IOException {
        byte[] bytes = small().bytes();
        for (int length = 0; length < bytes.length; length++) {
            Files.write(file(), Arrays.copyOf(bytes, length));
            refused(() -> GgufModel.open(file()), file().toString());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void mutatedFilesLoadOrAreRefused(long seed) throws IOException {
        byte[] original = small().bytes();
        Random random = new Random(seed);
        for (int i = 0; i < 500; i++) {
            byte[] bytes = original.clone();
            for (int change = random.nextInt(3); change >= 0; change--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            Files.write(file(), bytes);
            try {
                GgufMetadata metadata = GgufModel.open(file()).metadata();
                metadata.texts("tokenizer.ggml.tokens");
                metadata.wholes("tokenizer.ggml.token_type");
            } catch (UserError e) {
                assertThat(e).as("seed %d, mutation %d", seed, i).hasMessageContaining(file().toString());
            }
        }
    }

    @Test
    void splitFilesAreOneModel() throws IOException {
        split(2, 2);

        for (String name : List.of("m-00001-of-00002.gguf", "m-00002-of-00002.gguf")) {
            GgufModel model = GgufModel.open(dir.resolve(name));
            assertThat(model.tensors()).extracting(GgufTensor::name).containsExactly("t0", "t1");
            assertThat(model.file()).isEqualTo(dir.resolve("m-00001-of-00002.gguf"));
        }
        assertThat(GgufModel.find(dir)).contains(dir.resolve("m-00001-of-00002.gguf"));
        assertThat(GgufModel.nameOf(dir.resolve("m-00001-of-00002.gguf"))).isEqualTo("m");
    }

    @Test
    void splitFilesThatDoNotBelongTogetherAreRefused() throws IOException {
        split(2, 3);
        refused(
                () -> GgufModel.open(dir.resolve("m-00001-of-00002.gguf")),
                "split.tensors.count says that the model has 3");
        Files.delete(dir.resolve("m-00002-of-00002.gguf"));
        refused(() -> GgufModel.open(dir.resolve("m-00001-of-00002.gguf")), "m-00002-of-00002.gguf is missing");
        Files.copy(dir.resolve("m-00001-of-00002.gguf"), dir.resolve("m-00002-of-00002.gguf"));
        refused(() -> GgufModel.open(dir.resolve("m-00001-of-00002.gguf")), "split.no must be 1");
        Files.copy(dir.resolve("m-00001-of-00002.gguf"), dir.resolve("renamed.gguf"));
        refused(() -> GgufModel.open(dir.resolve("renamed.gguf")), "split.count says that the model has 2 files");
    }

    @Test
    void aFolderMeansItsOnlyModel() throws IOException {
        assertThat(GgufModel.find(dir)).isEmpty();
        small().write(file());
        assertThat(GgufModel.find(dir)).contains(file());
        assertThat(GgufModel.find(file())).contains(file());
        small().write(dir.resolve("other.GGUF"));
        refused(() -> GgufModel.find(dir), "holds 2 GGUF models, m.gguf and other.GGUF among them");
        Files.writeString(dir.resolve("config.json"), "{}");
        assertThat(GgufModel.find(dir)).isEmpty();
    }

    private void split(int files, int tensors) throws IOException {
        for (int part = 0; part < files; part++) {
            new GgufWriter()
                    .integer("split.count", files)
                    .integer("split.no", part)
                    .integer("split.tensors.count", tensors)
                    .tensor("t" + part, GgmlType.F32, new byte[4], 1)
                    .write(dir.resolve(String.format("m-%05d-of-%05d.gguf", part + 1, files)));
        }
    }

    private static void put(byte[] bytes, int offset, int size, long value) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (size == 4) {
            buffer.putInt(offset, (int) value);
        } else {
            buffer.putLong(offset, value);
        }
    }
}
