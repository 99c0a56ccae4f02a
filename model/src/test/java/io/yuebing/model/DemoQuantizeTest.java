package io.yuebing.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.model.weights.SafetensorsFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** A model that says something still says it after it was quantised. */
class DemoQuantizeTest {
    private static final int BITS = 4;
    private static final int PER_WORD = 8;

    @TempDir
    private Path dir;

    @Test
    void thePerplexityOfTheDemoModelStaysWithinSomePerCent() throws IOException {
        Path model = Files.createDirectory(dir.resolve("float"));
        ObjectNode config = (ObjectNode) JsonMapper.shared().readTree(ModelRun.DEMO.resolve("config.json"));
        config.remove("quantization_config");
        Files.writeString(model.resolve("config.json"), config.toString());
        writeFloats(ModelRun.DEMO.resolve("model.safetensors"), model.resolve("model.safetensors"));

        CalibrationTokens tokens = new CalibrationTokens(samples(0), samples(1));
        QuantizeReport report = Models.quantize(
                model, dir.resolve("int4"), new QuantizeOptions(BITS, 64, false, 2), tokens, QuantizeListener.NONE);
        assertThat(report.perplexityBefore()).as("the model knows its samples").isLessThan(20);
        assertThat(report.perplexityAfter()).isLessThan(1.05 * report.perplexityBefore());
    }

    /** Every other of the samples that begin in the middle of a text, of which the model knows the rest. */
    private static List<int[]> samples(int remainder) {
        List<int[]> texts = JsonMapper.shared()
                .readTree(ModelRun.DEMO.resolve("samples.json"))
                .get("samples")
                .valueStream()
                .filter(sample -> sample.get("prompt_ids").size() < 12)
                .map(sample -> IntStream.concat(
                                Arrays.stream(Reference.ints(sample.get("prompt_ids"))),
                                Arrays.stream(Reference.ints(sample.get("output_ids_ignoring_eos"))))
                        .toArray())
                .toList();
        return IntStream.range(0, texts.size())
                .filter(i -> i % 2 == remainder)
                .mapToObj(texts::get)
                .toList();
    }

    /** Unpacks element by element, independently of the loader. */
    private static void writeFloats(Path from, Path to) throws IOException {
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(from)).order(ByteOrder.LITTLE_ENDIAN);
        int length = (int) file.getLong(0);
        JsonNode header =
                JsonMapper.shared().readTree(new String(file.array(), Long.BYTES, length, StandardCharsets.UTF_8));
        SafetensorsFile floats = new SafetensorsFile();
        for (String name : header.propertyNames()) {
            if (name.endsWith(".qweight")) {
                unpack(file, header, name.substring(0, name.length() - ".qweight".length()), floats);
            } else if (header.get(name).path("dtype").asString("").equals("F16") && !name.endsWith(".scales")) {
                long[] shape = longs(header.get(name).get("shape"));
                int count = (int) Arrays.stream(shape).reduce(1, Math::multiplyExact);
                float[] values = new float[count];
                for (int i = 0; i < count; i++) {
                    values[i] = Float.float16ToFloat(file.getShort(start(header, name, length) + 2 * i));
                }
                floats.halfs(name, values, shape);
            }
        }
        floats.write(to);
    }

    private static void unpack(ByteBuffer file, JsonNode header, String prefix, SafetensorsFile into) {
        int length = (int) file.getLong(0);
        long[] packed = longs(header.get(prefix + ".qweight").get("shape"));
        int inputs = (int) packed[0] * PER_WORD;
        int outputs = (int) packed[1];
        int codes = start(header, prefix + ".qweight", length);
        int zeros = start(header, prefix + ".qzeros", length);
        int scales = start(header, prefix + ".scales", length);
        int groups = start(header, prefix + ".g_idx", length);
        float[] weights = new float[inputs * outputs];
        for (int output = 0; output < outputs; output++) {
            for (int input = 0; input < inputs; input++) {
                int group = file.getInt(groups + 4 * input);
                int code =
                        file.getInt(codes + 4 * (input / PER_WORD * outputs + output)) >>> input % PER_WORD * BITS & 15;
                int zero = file.getInt(zeros + 4 * (group * (outputs / PER_WORD) + output / PER_WORD))
                                >>> output % PER_WORD * BITS
                        & 15;
                float scale = Float.float16ToFloat(file.getShort(scales + 2 * (group * outputs + output)));
                weights[output * inputs + input] = scale * (code - zero - 1);
            }
        }
        into.halfs(prefix + ".weight", weights, outputs, inputs);
    }

    private static int start(JsonNode header, String name, int length) {
        return Long.BYTES + length + header.get(name).get("data_offsets").get(0).asInt();
    }

    private static long[] longs(JsonNode array) {
        return array.valueStream().mapToLong(JsonNode::asLong).toArray();
    }
}
