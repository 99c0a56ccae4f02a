package io.yuebing.text;

import io.yuebing.api.UserError;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A model's mapping between text and token ids, read from its {@code tokenizer.json} or {@code tiktoken.model}.
 *
 * <p>Ids are those of the Hugging Face {@code tokenizers} library, to which encoding is left; decoding is ours, because
 * it has to work on streams. Thread-safe.
 */
public final class Tokenizer implements AutoCloseable {
    private final NativeTokenizer library;
    private final List<@Nullable String> tokens;
    private final Map<String, Integer> ids;
    private final BitSet special;
    private final TokenDecoder decoder;
    /** A BOS that {@code tokenizer_config.json} asks for and {@code tokenizer.json} does not add, as DeepSeek's. */
    private final OptionalInt missingBos;

    private Tokenizer(NativeTokenizer library, TokenizerFile file, TextFiles files) {
        this.library = library;
        this.tokens = file.tokens();
        this.special = file.special();
        this.decoder = file.decoder();
        this.ids = HashMap.newHashMap(tokens.size());
        for (int id = 0; id < tokens.size(); id++) {
            String token = tokens.get(id);
            if (token != null) {
                ids.put(token, id);
            }
        }
        this.missingBos = missingBos(files);
    }

    /**
     * Loads the tokenizer of a model: {@code tokenizer.json}, and {@code tokenizer_config.json} with
     * {@code special_tokens_map.json} where they exist, or what the metadata of a GGUF file say.
     *
     * @param model a folder or a GGUF file
     * @throws UserError naming the file that is missing or damaged
     */
    public static Tokenizer load(Path model) {
        return load(TextFiles.of(model));
    }

    /** The same with files that are at hand. */
    public static Tokenizer load(TextFiles files) {
        if (!files.has("tokenizer.json")) {
            throw new UserError("There is no tokenizer.json in " + files.model()
                    + ", nor a tiktoken.model: a model directory must have one of them; fetch the model again or convert"
                    + " its tokenizer with transformers.");
        }
        TokenizerFile file = TokenizerFile.read(files);
        NativeTokenizer library;
        try {
            library = NativeTokenizer.parse(file.json());
        } catch (UserError e) {
            throw e;
        } catch (RuntimeException e) {
            throw new UserError(
                    files.origin("tokenizer.json") + " is not a tokenizer that the tokenizers library reads: "
                            + e.getMessage() + "; fetch the file again.",
                    e);
        }
        return new Tokenizer(library, file, files);
    }

    private OptionalInt missingBos(TextFiles files) {
        JsonNode config = SpecialTokens.json(files, "tokenizer_config.json");
        if (!config.path("add_bos_token").asBoolean(false)
                || !(SpecialTokens.read(files).get("bos_token") instanceof String bos)) {
            return OptionalInt.empty();
        }
        OptionalInt id = idOf(bos);
        int[] empty = library.encode("", true);
        boolean added = id.isPresent() && empty.length > 0 && empty[0] == id.getAsInt();
        return added ? OptionalInt.empty() : id;
    }

    /** Ids of a text; with {@code addSpecialTokens}, also those that the model expects around it, such as BOS. */
    public int[] encode(String text, boolean addSpecialTokens) {
        int[] encoded = library.encode(text, addSpecialTokens);
        if (!addSpecialTokens || missingBos.isEmpty()) {
            return encoded;
        }
        int[] withBos = new int[encoded.length + 1];
        withBos[0] = missingBos.getAsInt();
        System.arraycopy(encoded, 0, withBos, 1, encoded.length);
        return withBos;
    }

    /** Text of a sequence of ids. Ids that the tokenizer does not have add nothing; broken UTF-8 becomes U+FFFD. */
    public String decode(int[] sequence, boolean skipSpecialTokens) {
        Detokenizer detokenizer = new Detokenizer(this, skipSpecialTokens);
        StringBuilder text = new StringBuilder();
        for (int id : sequence) {
            text.append(detokenizer.append(id));
        }
        return text.append(detokenizer.finish()).toString();
    }

    /** The bytes that one token adds to a text, possibly part of a character; empty for ids that are only padding. */
    public byte[] tokenBytes(int id) {
        String token = token(id);
        return token == null ? new byte[0] : decoder.bytes(token);
    }

    /**
     * The bytes that one token adds to an answer in which some special tokens count as text.
     *
     * @param shown the texts of these
     */
    public byte[] answerBytes(int id, Set<String> shown) {
        return isSpecial(id) && !shown.contains(tokenText(id)) ? new byte[0] : tokenBytes(id);
    }

    /** The text that one token adds to a text, with U+FFFD for incomplete characters. */
    public String tokenText(int id) {
        StringBuilder text = new StringBuilder();
        Utf8Decoder utf8 = new Utf8Decoder();
        utf8.append(tokenBytes(id), text);
        utf8.finish(text);
        return text.toString();
    }

    /** One more than the highest id; models may have more rows, which are padding. */
    public int size() {
        return tokens.size();
    }

    /** Whether {@code skipSpecialTokens} leaves this token out. */
    public boolean isSpecial(int id) {
        return id >= 0 && special.get(id);
    }

    /** The id of a token in the vocabulary's own spelling, or of an added token such as {@code <|im_end|>}. */
    public OptionalInt idOf(String token) {
        Integer id = ids.get(token);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    @Override
    public void close() {
        library.close();
    }

    /** The vocabulary's spelling of a token. */
    @Nullable
    String token(int id) {
        return id >= 0 && id < tokens.size() ? tokens.get(id) : null;
    }

    TokenDecoder decoder() {
        return decoder;
    }
}
