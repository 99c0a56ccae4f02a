package io.yuebing.model.decoder;

import io.yuebing.model.json.JsonObject;

/**
 * The text model of a family that also sees or hears: described by {@code text_config}, beside other parts that are not
 * read.
 *
 * @param name as in config.json
 * @param prefix start of the text model's tensor names
 * @param text the family of the text model
 */
record TextModel(String name, String prefix, Architecture text) implements Architecture {
    @Override
    public DecoderSpec spec(JsonObject json) {
        JsonObject own = json.object("text_config").orElseThrow(() -> json.missing("text_config"));
        return text.spec(own).within(prefix);
    }
}
