package io.yuebing.text;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.IntPredicate;

/**
 * Turns a stream of token ids into text, piece by piece.
 *
 * <p>The pieces, {@link #finish()} included, add up to what {@link Tokenizer#decode} makes of the whole stream. No piece
 * ends within a character: incomplete bytes wait for the next token, and become U+FFFD only once they cannot become a
 * character any more. The work per token does not grow with the length of the text. Not thread-safe.
 */
public final class Detokenizer {
    private final Tokenizer tokenizer;
    private final TokenDecoder decoder;
    private final IntPredicate skipped;
    private final Utf8Decoder utf8 = new Utf8Decoder();

    /**
     * Bytes of consecutive byte tokens of a SentencePiece-like vocabulary. The whole run waits, because one wrong byte
     * turns every byte of its run into U+FFFD.
     */
    private byte[] run = new byte[16];

    private int runLength;
    private boolean first = true;
    private int leadingToStrip;

    /** Starts a new text; with {@code skipSpecialTokens}, tokens that are special to the tokenizer add nothing to it. */
    public Detokenizer(Tokenizer tokenizer, boolean skipSpecialTokens) {
        this(tokenizer, skipSpecialTokens ? tokenizer::isSpecial : id -> false);
    }

    /** Starts a new text to which the tokens of {@code skipped} add nothing. */
    public Detokenizer(Tokenizer tokenizer, IntPredicate skipped) {
        this.tokenizer = tokenizer;
        this.decoder = tokenizer.decoder();
        this.skipped = skipped;
        this.leadingToStrip = decoder.leadingToStrip();
    }

    /**
     * Takes the next token.
     *
     * @return the text that is certain now and was not before; often empty. An id that the tokenizer does not have (a
     *     padding row of the model) adds nothing.
     */
    public String append(int id) {
        String token = tokenizer.token(id);
        if (token == null || skipped.test(id)) {
            return "";
        }
        StringBuilder out = new StringBuilder();
        if (decoder.byteLevel()) {
            utf8.append(decoder.bytes(token), out);
        } else {
            appendPiece(token, out);
        }
        return stripped(out);
    }

    private void appendPiece(String token, StringBuilder out) {
        boolean isFirst = first;
        first = false;
        if (decoder.isFallbackByte(token)) {
            if (runLength == run.length) {
                run = Arrays.copyOf(run, 2 * runLength);
            }
            run[runLength++] = decoder.bytes(token)[0];
            return;
        }
        endRun(out);
        boolean loses = isFirst && !decoder.firstLoses().isEmpty();
        out.append(decoder.text(loses ? token.replace(decoder.firstLoses(), "") : token));
    }

    private void endRun(StringBuilder out) {
        if (runLength == 0) {
            return;
        }
        try {
            out.append(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(run, 0, runLength)));
        } catch (CharacterCodingException e) {
            out.repeat(Utf8Decoder.REPLACEMENT, runLength);
        }
        runLength = 0;
    }

    /** Ends the text: what was still held back. */
    public String finish() {
        StringBuilder out = new StringBuilder();
        utf8.finish(out);
        endRun(out);
        return stripped(out);
    }

    private String stripped(StringBuilder out) {
        int from = 0;
        while (leadingToStrip > 0 && from < out.length()) {
            if (out.charAt(from) == decoder.stripped()) {
                from++;
                leadingToStrip--;
            } else {
                leadingToStrip = 0;
            }
        }
        return out.substring(from);
    }
}
