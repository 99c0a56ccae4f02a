package io.yuebing.text;

import io.yuebing.api.UserError;
import io.yuebing.gguf.GgufModel;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The files that say how a model reads and writes text, under their names in a Hugging Face style folder; for a GGUF
 * file, what they would say. A folder with tiktoken.model instead of tokenizer.json has the latter all the same.
 */
public final class TextFiles {
    private static final List<String> NAMES = List.of(
            "config.json",
            "generation_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "chat_template.jinja");

    private final Path model;
    private final Optional<Map<String, String>> made;

    private TextFiles(Path model, Optional<Map<String, String>> made) {
        this.model = model;
        this.made = made;
    }

    /**
     * The text files of a model.
     *
     * @param model a folder or a GGUF file
     * @throws UserError if a GGUF file is damaged or has a tokenizer that is not supported
     */
    public static TextFiles of(Path model) {
        Optional<Path> gguf = GgufModel.find(model);
        return gguf.isPresent()
                ? new TextFiles(gguf.get(), Optional.of(GgufText.files(GgufModel.open(gguf.get()))))
                : new TextFiles(model, Optional.empty());
    }

    /** All files that there are, as a node hands them to the gateway. */
    public Map<String, byte[]> all() {
        Map<String, byte[]> files = new TreeMap<>();
        for (String name : NAMES) {
            find(name).ifPresent(text -> files.put(name, text.getBytes(StandardCharsets.UTF_8)));
        }
        return files;
    }

    /** What errors call a file. */
    String origin(String name) {
        if (isTiktoken(name)) {
            return origin(TiktokenText.FILE);
        }
        return made.isPresent()
                ? model + ", metadata as " + name
                : model.resolve(name).toString();
    }

    /** The folder or the GGUF file. */
    Path model() {
        return model;
    }

    boolean has(String name) {
        return isTiktoken(name) || isThere(name);
    }

    /** Whether a file is made from tiktoken.model. */
    private boolean isTiktoken(String name) {
        return name.equals("tokenizer.json") && !isThere(name) && isThere(TiktokenText.FILE);
    }

    private boolean isThere(String name) {
        return made.isPresent() ? made.get().containsKey(name) : Files.isRegularFile(model.resolve(name));
    }

    /**
     * The text of a file.
     *
     * @throws UserError if there is one and it cannot be read
     */
    Optional<String> find(String name) {
        if (isTiktoken(name)) {
            String config = "tokenizer_config.json";
            return find(TiktokenText.FILE)
                    .map(text -> TiktokenText.tokenizerJson(
                            origin(TiktokenText.FILE), text, SpecialTokens.json(this, config), origin(config)));
        }
        if (made.isPresent()) {
            return Optional.ofNullable(made.get().get(name));
        }
        Path file = model.resolve(name);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(Files.readString(file));
        } catch (MalformedInputException e) {
            throw new UserError(file + " is not UTF-8 text; fetch the file again.", e);
        } catch (IOException e) {
            throw new UserError("Cannot read " + file + ": " + e.getMessage(), e);
        }
    }
}
