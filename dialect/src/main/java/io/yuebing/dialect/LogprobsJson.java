package io.yuebing.dialect;

import io.yuebing.api.SampledToken;
import io.yuebing.api.TokenLogprob;
import io.yuebing.dialect.ChoiceEvent.Piece;
import io.yuebing.text.Tokenizer;
import java.util.List;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Log-probabilities in the forms of the completions and chat APIs. JSON has no infinity: -inf becomes -9999. */
final class LogprobsJson {
    private static final float LEAST = -9999f;

    private final Tokenizer tokenizer;
    private final OutputFormat format;

    LogprobsJson(Tokenizer tokenizer, OutputFormat format) {
        this.tokenizer = tokenizer;
        this.format = format;
    }

    /** {@code {"text_offset":[], "token_logprobs":[], "tokens":[], "top_logprobs":[]}}, parallel arrays. */
    ObjectNode completions(List<Piece> pieces) {
        ObjectNode logprobs = Json.object();
        ArrayNode offsets = logprobs.putArray("text_offset");
        ArrayNode chosen = logprobs.putArray("token_logprobs");
        ArrayNode tokens = logprobs.putArray("tokens");
        ArrayNode top = logprobs.putArray("top_logprobs");
        for (Piece piece : pieces) {
            offsets.add(piece.textOffset());
            tokens.add(name(piece.id()));
            SampledToken sampled = piece.sampled();
            if (sampled == null) {
                chosen.addNull();
                top.addNull();
                continue;
            }
            chosen.add(finite(sampled.logprob()));
            // The chosen token is always among them, so there may be one more than asked for.
            ObjectNode alternatives = top.addObject().put(name(piece.id()), finite(sampled.logprob()));
            for (TokenLogprob candidate : sampled.top()) {
                if (candidate.id() != piece.id()) {
                    alternatives.put(name(candidate.id()), finite(candidate.logprob()));
                }
            }
        }
        return logprobs;
    }

    /** {@code {"content":[{"token", "logprob", "bytes", "top_logprobs":[]}]}}. */
    ObjectNode chat(List<Piece> pieces) {
        ObjectNode logprobs = Json.object();
        ArrayNode content = logprobs.putArray("content");
        for (Piece piece : pieces) {
            SampledToken sampled = piece.sampled();
            ObjectNode entry = candidate(piece.id(), sampled == null ? LEAST : sampled.logprob());
            ArrayNode top = entry.putArray("top_logprobs");
            if (sampled != null) {
                sampled.top().forEach(other -> top.add(candidate(other.id(), other.logprob())));
            }
            content.add(entry);
        }
        return logprobs;
    }

    /** vLLM's list over prompt positions: null, then {@code {"17": {"logprob", "rank", "decoded_token"}, ...}}. */
    ArrayNode prompt(List<SampledToken> promptLogprobs) {
        ArrayNode positions = Json.array();
        positions.addNull();
        for (SampledToken token : promptLogprobs) {
            ObjectNode position = positions.addObject();
            position.set(Integer.toString(token.id()), ranked(token.id(), token.logprob(), token.rank()));
            for (TokenLogprob other : token.top()) {
                if (other.id() != token.id()) {
                    position.set(Integer.toString(other.id()), ranked(other.id(), other.logprob(), other.rank()));
                }
            }
        }
        return positions;
    }

    private ObjectNode candidate(int id, float logprob) {
        ObjectNode entry = Json.object().put("token", name(id)).put("logprob", finite(logprob));
        ArrayNode bytes = entry.putArray("bytes");
        for (byte b : tokenizer.tokenBytes(id)) {
            bytes.add(b & 0xff);
        }
        return entry;
    }

    private ObjectNode ranked(int id, float logprob, int rank) {
        return Json.object()
                .put("logprob", finite(logprob))
                .put("rank", rank)
                .put("decoded_token", tokenizer.tokenText(id));
    }

    private String name(int id) {
        return format.tokensAsIds() ? "token_id:" + id : tokenizer.tokenText(id);
    }

    private static float finite(float logprob) {
        return logprob > LEAST ? logprob : LEAST;
    }
}
