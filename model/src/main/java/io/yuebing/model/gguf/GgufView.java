package io.yuebing.model.gguf;

import io.yuebing.api.Shown;
import io.yuebing.api.UserError;
import io.yuebing.gguf.GgmlType;
import io.yuebing.gguf.GgufModel;
import io.yuebing.gguf.GgufTensor;
import io.yuebing.model.decoder.Architecture;
import io.yuebing.model.decoder.Architectures;
import io.yuebing.model.decoder.DecoderSpec;
import io.yuebing.model.decoder.GgufForm;
import io.yuebing.model.json.JsonObject;
import io.yuebing.model.weights.Checkpoint;
import io.yuebing.model.weights.RowOrder;
import io.yuebing.model.weights.TensorInfo;
import io.yuebing.model.weights.TensorType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A GGUF model as it would look in transformers' form: a config.json and tensors under the names that the families know.
 *
 * @param architecture the family
 * @param config what config.json would say
 * @param checkpoint the tensors
 * @param chatTemplate whether the model brings one
 */
public record GgufView(Architecture architecture, JsonObject config, Checkpoint checkpoint, boolean chatTemplate) {
    private static final Map<String, String> OUTER = Map.of(
            "token_embd", "model.embed_tokens",
            "output_norm", "model.norm",
            "output", "lm_head");

    private static final Pattern LAYER = Pattern.compile("blk\\.(\\d{1,5})\\.([a-z0-9_]+)(\\.weight|\\.bias)");
    private static final Pattern WHOLE = Pattern.compile("([a-z0-9_]+)(\\.weight|\\.bias)");
    private static final Pattern OWN_LAYER = Pattern.compile("model\\.layers\\.(\\d+)\\.(.+)");

    /** An expert's or a head's number in a tensor's name. */
    private static final Pattern MEMBER = Pattern.compile("((?:experts|[kv]_b_proj)\\.)\\d+");

    private static final int STACK_AXES = 3;
    private static final long MAX_SMALL = 1 << 16;

    /**
     * Opens a model.
     *
     * @param file a GGUF file, or any of several
     * @throws UserError if it is damaged, or of no family that is supported
     */
    public static GgufView open(Path file) {
        GgufModel model = GgufModel.open(file);
        String name = model.metadata().requireText("general.architecture");
        boolean experts =
                model.metadata().integer(name + ".expert_count", 0, 1 << 20).orElse(0) > 0;
        Architecture architecture = Architectures.all().stream()
                .filter(one -> one.gguf()
                        .filter(form -> form.architecture().equals(name) && form.experts() == experts)
                        .isPresent())
                .findFirst()
                .orElseThrow(() -> unsupported(file, name + (experts ? " with experts" : "")));
        GgufForm form = architecture.gguf().orElseThrow();
        Map<String, GgufTensor> tensors = new HashMap<>();
        model.tensors().forEach(tensor -> tensors.put(tensor.name(), tensor));
        JsonObject config = GgufConfig.of(model, tensors, form, architecture.name());
        Checkpoint checkpoint =
                Checkpoint.of(model.file(), new Renaming(form, config).all(model.tensors()), own -> inFile(form, own));
        return new GgufView(architecture, config, checkpoint, model.metadata().has("tokenizer.chat_template"));
    }

    /** What the family declares of the model as the file has it. */
    public DecoderSpec spec() {
        DecoderSpec spec = architecture.spec(config);
        return architecture.gguf().orElseThrow().sumsOfNorms() ? spec.withNormOffset(0) : spec;
    }

    private static UserError unsupported(Path file, String found) {
        List<String> supported = Architectures.all().stream()
                .flatMap(one -> one.gguf().stream())
                .map(form -> form.architecture() + (form.experts() ? " with experts" : ""))
                .toList();
        return new UserError(file + ": general.architecture '" + Shown.of(found)
                + "' is not supported in GGUF files; supported: " + String.join(", ", supported));
    }

    /** Gives the tensors of a file the names of transformers. */
    private record Renaming(GgufForm form, int heads, int kvHeads) {
        Renaming(GgufForm form, JsonObject config) {
            this(form, heads(config, "num_attention_heads"), heads(config, "num_key_value_heads"));
        }

        private static int heads(JsonObject config, String field) {
            return config.integerIfPresent(field, 1, Integer.MAX_VALUE)
                    .orElseGet(() -> config.integer("num_attention_heads", 1, Integer.MAX_VALUE));
        }

        SortedMap<String, TensorInfo> all(List<GgufTensor> tensors) {
            SortedMap<String, TensorInfo> renamed = new TreeMap<>();
            tensors.forEach(tensor -> add(tensor, renamed));
            return renamed;
        }

        private void add(GgufTensor tensor, SortedMap<String, TensorInfo> into) {
            Matcher layer = LAYER.matcher(tensor.name());
            Matcher whole = WHOLE.matcher(tensor.name());
            if (layer.matches()) {
                String kind = layer.group(2);
                String own = "model.layers." + layer.group(1) + "." + own(kind, layer.group(3));
                if (own.contains("*")) {
                    addMembers(tensor, own, into);
                } else {
                    TensorInfo info = info(tensor, rows(tensor, kind));
                    into.put(own, form.singleRows().contains(kind) ? row(info) : info);
                }
            } else if (whole.matches()) {
                into.put(OUTER.getOrDefault(whole.group(1), whole.group(1)) + whole.group(2), info(tensor, 0));
            } else {
                into.put(tensor.name(), info(tensor, 0));
            }
        }

        private String own(String kind, String suffix) {
            String whole = form.layerTensors().get(kind + suffix);
            return whole != null ? whole : form.layerTensors().getOrDefault(kind, kind) + suffix;
        }

        private int rows(GgufTensor tensor, String kind) {
            int paired = kind.equals("attn_q") ? heads : kind.equals("attn_k") ? kvHeads : 0;
            if (!form.pairedRows() || paired == 0) {
                return 0;
            }
            long rows = tensor.shape().getFirst();
            if (rows % (2L * paired) != 0) {
                throw new UserError(tensor.file() + ": tensor " + tensor.name() + " has " + rows
                        + " rows, expected an even number for each of " + paired + " heads");
            }
            return paired;
        }

        /** The matrices of a layer's experts, or of its heads, lie one after the other in one tensor. */
        private static void addMembers(GgufTensor tensor, String own, SortedMap<String, TensorInfo> into) {
            if (tensor.shape().size() != STACK_AXES) {
                throw new UserError(tensor.file() + ": tensor " + tensor.name() + " has shape " + tensor.shape()
                        + ", expected [experts or heads, outputs, inputs]");
            }
            long members = tensor.shape().getFirst();
            if (members > MAX_SMALL) {
                throw new UserError(tensor.file() + ": tensor " + tensor.name() + " has " + members
                        + " experts or heads, expected at most " + MAX_SMALL);
            }
            long bytes = tensor.bytes() / members;
            for (int member = 0; member < members; member++) {
                into.put(
                        own.replace("*", String.valueOf(member)),
                        new TensorInfo(
                                tensor.file(),
                                tensor.name(),
                                TensorType.of(tensor.type()),
                                tensor.shape().subList(1, STACK_AXES),
                                tensor.offset() + member * bytes,
                                bytes));
            }
        }

        /** A vector as a matrix of one row. */
        private static TensorInfo row(TensorInfo vector) {
            return vector.shape().size() != 1
                    ? vector
                    : new TensorInfo(
                            vector.file(),
                            vector.name(),
                            vector.type(),
                            List.of(1L, vector.shape().getFirst()),
                            vector.offset(),
                            vector.bytes());
        }

        private static TensorInfo info(GgufTensor tensor, int pairedHeads) {
            return new TensorInfo(
                    tensor.file(),
                    tensor.name(),
                    TensorType.of(tensor.type()),
                    tensor.shape(),
                    tensor.offset(),
                    tensor.bytes(),
                    new RowOrder(pairedHeads));
        }
    }

    /** The name in the file of a tensor that a family asks for. */
    private static String inFile(GgufForm form, String own) {
        Matcher layer = OWN_LAYER.matcher(own);
        if (layer.matches()) {
            String name = MEMBER.matcher(layer.group(2)).replaceFirst("$1*");
            return form.layerTensors().entrySet().stream()
                    .map(entry -> name.equals(entry.getValue() + ".weight")
                            ? entry.getKey() + ".weight"
                            : name.equals(entry.getValue() + ".bias")
                                    ? entry.getKey() + ".bias"
                                    : name.equals(entry.getValue()) ? entry.getKey() : "")
                    .filter(found -> !found.isEmpty())
                    .map(found -> "blk." + layer.group(1) + "." + found)
                    .findFirst()
                    .orElse(own);
        }
        return OUTER.entrySet().stream()
                .filter(entry -> own.startsWith(entry.getValue() + "."))
                .map(entry -> entry.getKey() + own.substring(entry.getValue().length()))
                .findFirst()
                .orElse(own);
    }

    /** The values of a small float tensor that belongs to the configuration. */
    static List<Float> floats(GgufTensor tensor) {
        long count = tensor.bytes() / Float.BYTES;
        if (tensor.type() != GgmlType.F32 || count > MAX_SMALL) {
            throw new UserError(tensor.file() + ": tensor " + tensor.name() + " has type " + tensor.type()
                    + " and shape " + tensor.shape() + ", expected at most " + MAX_SMALL + " elements of F32");
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) tensor.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        try (FileChannel channel = FileChannel.open(tensor.file(), StandardOpenOption.READ)) {
            while (bytes.hasRemaining() && channel.read(bytes, tensor.offset() + bytes.position()) >= 0) {}
        } catch (IOException e) {
            throw new UserError("cannot read tensor " + tensor.name() + " of " + tensor.file() + ": " + e, e);
        }
        List<Float> values = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            float value = bytes.getFloat(i * Float.BYTES);
            if (!Float.isFinite(value)) {
                throw new UserError(tensor.file() + ": tensor " + tensor.name() + " at offset "
                        + (tensor.offset() + (long) i * Float.BYTES) + " must be a finite number, found " + value);
            }
            values.add(value);
        }
        return values;
    }
}
