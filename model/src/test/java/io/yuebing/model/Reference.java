package io.yuebing.model;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What transformers computed in float32 for a fixture model: its reference.json.
 *
 * @param prompts the prompts
 */
record Reference(List<Prompt> prompts) {

    /** One prompt with its logits at some positions and its greedy continuation. */
    @SuppressWarnings("ArrayRecordComponent")
    record Prompt(String name, int[] ids, List<Top> top, int[] greedy) {}

    /** The largest logits at a position. */
    @SuppressWarnings("ArrayRecordComponent")
    record Top(int position, int[] ids, double[] logits) {}

    static Reference read(Path modelDir) {
        return readFile(modelDir.resolve("reference.json"));
    }

    static Reference readFile(Path file) {
        JsonNode json = JsonMapper.shared().readTree(file);
        List<Prompt> prompts = new ArrayList<>();
        for (JsonNode prompt : json.get("prompts")) {
            List<Top> top = new ArrayList<>();
            for (JsonNode entry : prompt.get("top20")) {
                top.add(new Top(entry.get("pos").asInt(), ints(entry.get("ids")), doubles(entry.get("logits"))));
            }
            prompts.add(new Prompt(
                    prompt.get("name").asString(),
                    ints(prompt.get("ids")),
                    top,
                    ints(prompt.get("greedy").get("ids"))));
        }
        return new Reference(prompts);
    }

    static int[] ints(JsonNode array) {
        return array.valueStream().mapToInt(JsonNode::asInt).toArray();
    }

    static double[] doubles(JsonNode array) {
        return array.valueStream().mapToDouble(JsonNode::asDouble).toArray();
    }

    /** The largest difference of a prompt's logits from the reference. */
    static double largestDifference(Prompt prompt, float[][] logits) {
        double largest = 0;
        for (Top top : prompt.top()) {
            for (int i = 0; i < top.ids().length; i++) {
                double difference = Math.abs(logits[top.position()][top.ids()[i]] - top.logits()[i]);
                largest = Math.max(largest, Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference);
            }
        }
        return largest;
    }
}
