package io.yuebing.engine;

import io.yuebing.model.CausalLm;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Watches the values of a forward pass for those that are NaN or infinite, stage by stage. */
public final class FiniteWatch implements CausalLm.LayerProbe {
    private final List<Count> counts = new ArrayList<>();
    private List<Row> rows = List.of();

    FiniteWatch(int layers) {
        counts.add(new Count("embedding", -1));
        for (int layer = 0; layer < layers; layer++) {
            counts.add(new Count("attention", layer));
            counts.add(new Count("feed-forward", layer));
        }
        counts.add(new Count("logits", -1));
    }

    /**
     * A row of the batch.
     *
     * @param request whose it is
     * @param position of the token in its sequence
     * @param token its id
     */
    public record Row(String request, int position, int token) {}

    /**
     * What was seen at one stage.
     *
     * @param name {@code embedding}, {@code attention}, {@code feed-forward} or {@code logits}
     * @param layer its layer; -1 outside the layers
     * @param values number of values seen
     * @param notFinite how many of them were NaN or infinite
     * @param largest largest magnitude of the finite ones
     * @param first the first row with a value that is not finite
     * @param channel the index of that value within its row; -1 if there is none
     */
    public record Stage(
            String name, int layer, long values, long notFinite, float largest, Optional<Row> first, int channel) {}

    /** The rows of the batch that is computed next. */
    void begin(List<Row> next) {
        rows = next;
    }

    @Override
    public void residual(Part part, int layer, float[] values, int count, int width) {
        Count stage = switch (part) {
            case EMBEDDING -> counts.getFirst();
            case ATTENTION -> counts.get(1 + 2 * layer);
            case FEED_FORWARD -> counts.get(2 + 2 * layer);
        };
        for (int row = 0; row < count; row++) {
            stage.add(rows.get(row), values, row * width, width);
        }
    }

    void logits(int row, float[] values, int offset, int width) {
        counts.getLast().add(rows.get(row), values, offset, width);
    }

    /** What was seen so far, in the order of computation; stages that were not reached have no values. */
    List<Stage> stages() {
        return counts.stream().map(Count::stage).toList();
    }

    private static final class Count {
        private final String name;
        private final int layer;
        private long values;
        private long notFinite;
        private float largest;
        private Optional<Row> first = Optional.empty();
        private int channel = -1;

        Count(String name, int layer) {
            this.name = name;
            this.layer = layer;
        }

        void add(Row row, float[] buffer, int offset, int width) {
            values += width;
            for (int i = 0; i < width; i++) {
                float magnitude = Math.abs(buffer[offset + i]);
                if (magnitude < Float.POSITIVE_INFINITY) { // false for NaN as well
                    largest = Math.max(largest, magnitude);
                } else {
                    notFinite++;
                    if (first.isEmpty()) {
                        first = Optional.of(row);
                        channel = i;
                    }
                }
            }
        }

        Stage stage() {
            return new Stage(name, layer, values, notFinite, largest, first, channel);
        }
    }
}
