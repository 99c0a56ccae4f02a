package io.yuebing.model.weights;

import io.yuebing.model.json.JsonObject;
import java.util.Optional;

/**
 * A model that bitsandbytes quantised to 4 bits, {@code quant_method: bitsandbytes}.
 *
 * @param type {@code nf4} or {@code fp4}, for people: each tensor has its own table of values
 */
record BitsAndBytesConfig(String type) implements Quantization {

    static BitsAndBytesConfig of(JsonObject json) {
        if (!json.bool("load_in_4bit").orElse(false)) {
            throw Quantization.unsupported(json, "bitsandbytes with 8 bits");
        }
        return new BitsAndBytesConfig(json.text("bnb_4bit_quant_type").orElse("fp4"));
    }

    @Override
    public Optional<LinearFormat> formatOf(String layer) {
        return Optional.of(new BitsAndBytesFormat());
    }

    @Override
    public String describe() {
        return "bitsandbytes " + type;
    }
}
