package io.yuebing.dialect;

import io.yuebing.api.FinishReason;
import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.KvKeep;
import io.yuebing.api.KvLoadFailurePolicy;
import io.yuebing.api.KvPull;
import io.yuebing.api.KvRendezvous;
import io.yuebing.api.KvTransfer;
import io.yuebing.api.KvTransferParams;
import io.yuebing.api.OutputConstraint;
import io.yuebing.api.SampledToken;
import io.yuebing.api.TokenLogprob;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The canonical records as JSON, between gateway and nodes and in {@code kv_transfer_params} of the HTTP surface.
 *
 * <p>Floats are written in the shortest form that reads back to the same bits; infinities and NaN as strings.
 *
 * <pre>
 * request {"request_id", "prompt_token_ids":[], "output_token_ids":[], "sampling_params":{}, "cache_salt", "constraint":{"kind", "source"}, "kv_transfer_params"}
 * events  {"event":"prompt_done", "cached_tokens", "prompt_logprobs":[token]}
 *         {"event":"token", "token":{"id", "logprob", "rank", "top":[[id, logprob, rank]]}}
 *         {"event":"finished", "reason", "stop_token_id"}
 * </pre>
 */
public final class WireFormat {
    private static final int MAX = Integer.MAX_VALUE;

    /** vLLM's {@code VLLM_MOONCAKE_BOOTSTRAP_PORT}. */
    private static final int DEFAULT_BOOTSTRAP_PORT = 8998;

    private WireFormat() {}

    /** The request as a body of {@code POST /yuebing/v1/generate}. */
    public static ObjectNode request(GenerateRequest request) {
        ObjectNode body = Json.object().put("request_id", request.requestId());
        body.set("prompt_token_ids", AnswerShape.ids(request.promptTokens()));
        body.set("output_token_ids", AnswerShape.ids(request.outputTokens()));
        body.set("sampling_params", SamplingWire.json(request.sampling()));
        request.cacheSalt().ifPresent(salt -> body.put("cache_salt", salt));
        request.constraint()
                .ifPresent(constraint -> body.putObject("constraint")
                        .put("kind", constraint.kind().name().toLowerCase(Locale.ROOT))
                        .put("source", constraint.source()));
        request.kvPush().ifPresent(params -> body.set("kv_transfer_params", kvTransferParams(params)));
        return body;
    }

    /**
     * Reads such a body.
     *
     * @throws io.yuebing.api.ServiceException 400 naming the field that is missing or of the wrong type
     */
    public static GenerateRequest request(ObjectNode body) {
        RequestFields fields = new RequestFields(body);
        return new GenerateRequest(
                        fields.require("request_id", fields.string("request_id")),
                        fields.tokenIds("prompt_token_ids", MAX).stream()
                                .mapToInt(Integer::intValue)
                                .toArray(),
                        fields.tokenIds("output_token_ids", MAX).stream()
                                .mapToInt(Integer::intValue)
                                .toArray(),
                        SamplingWire.read(fields.require("sampling_params", fields.object("sampling_params"))),
                        fields.string("cache_salt"),
                        fields.object("kv_transfer_params").map(WireFormat::kvTransferParams))
                .withConstraint(fields.object("constraint").map(WireFormat::constraint));
    }

    private static OutputConstraint constraint(RequestFields fields) {
        String kind = fields.require("kind", fields.string("kind"));
        for (OutputConstraint.Kind known : OutputConstraint.Kind.values()) {
            if (known.name().toLowerCase(Locale.ROOT).equals(kind)) {
                return new OutputConstraint(known, fields.require("source", fields.string("source")));
            }
        }
        throw RequestFields.bad("constraint.kind", "constraint.kind \"" + kind + "\" is unknown to this node");
    }

    /** With vLLM's field names where they mean the same. */
    public static ObjectNode kvTransferParams(KvTransferParams params) {
        ObjectNode body = Json.object()
                .put("do_remote_decode", params.doRemoteDecode())
                .put("do_remote_prefill", params.doRemotePrefill())
                .put("transfer_id", params.transferId())
                .put("generation", params.generation())
                .put("remote_host", params.remoteHost())
                .put("remote_port", params.remotePort());
        body.set("remote_block_ids", AnswerShape.ids(params.remoteBlockIds()));
        return body.put("cached_blocks", params.cachedBlocks()).put("deadline_millis", params.deadlineMillis());
    }

    /**
     * Reads {@code kv_transfer_params}.
     *
     * @throws io.yuebing.api.ServiceException 400 naming the field that is missing or of the wrong type
     */
    public static KvTransferParams kvTransferParams(ObjectNode body) {
        return kvTransferParams(new RequestFields(body));
    }

    static KvTransferParams kvTransferParams(RequestFields fields) {
        return new KvTransferParams(
                fields.flag("do_remote_decode", false),
                fields.flag("do_remote_prefill", false),
                fields.require("transfer_id", fields.string("transfer_id")),
                fields.longInteger("generation").orElse(0),
                fields.require("remote_host", fields.string("remote_host")),
                fields.integer("remote_port", 0, 65_535).orElse(0),
                fields.tokenIds("remote_block_ids", MAX),
                fields.integer("cached_blocks", 0, MAX).orElse(0),
                fields.longInteger("deadline_millis").orElse(0));
    }

    /**
     * Reads {@code kv_transfer_params} of a client, which may also ask to keep the KV cache or to pull it.
     *
     * @param requestId the name of a prompt that has none of its own
     * @param choices sequences that share the transfer
     */
    static KvTransfer kvTransfer(RequestFields fields, String requestId, int choices) {
        boolean decode = fields.flag("do_remote_decode", false);
        boolean prefill = fields.flag("do_remote_prefill", false);
        Optional<String> bootstrap = bootstrap(fields);
        if (decode && !prefill && fields.any("remote_block_ids").isEmpty()) {
            return new KvKeep(fields.string("transfer_id").orElse(requestId));
        }
        if (prefill && !decode && bootstrap.isPresent()) {
            return new KvRendezvous(
                    uri(bootstrap.get()),
                    fields.string("remote_engine_id"),
                    fields.string("transfer_id").orElse(requestId),
                    choices);
        }
        if (prefill && !decode && fields.any("remote_request_id").isPresent()) {
            return kvPull(fields).forReaders(choices);
        }
        return kvTransferParams(fields);
    }

    /** The address of the bootstrap server: whole, or as host and port apart. */
    private static Optional<String> bootstrap(RequestFields fields) {
        return fields.string("remote_bootstrap_addr")
                .or(() -> fields.string("bootstrap_server_host")
                        .map(host -> "http://" + host + ":"
                                + fields.integer("bootstrap_server_port", 1, 65_535)
                                        .orElse(DEFAULT_BOOTSTRAP_PORT)));
    }

    private static URI uri(String text) {
        try {
            URI uri = new URI(text);
            if ("http".equals(uri.getScheme()) && uri.getHost() != null) {
                return uri;
            }
        } catch (URISyntaxException e) {
            // told below
        }
        throw RequestFields.bad(
                "kv_transfer_params",
                "kv_transfer_params.remote_bootstrap_addr must look like http://HOST:PORT, got '" + text + "'");
    }

    private static KvPull kvPull(RequestFields fields) {
        int shards = fields.integer("tp_size", 1, MAX).orElse(1);
        if (shards != 1) {
            throw RequestFields.bad(
                    "kv_transfer_params",
                    "kv_transfer_params.tp_size must be 1, the only one there is here, got " + shards);
        }
        return new KvPull(
                fields.require("remote_engine_id", fields.string("remote_engine_id")),
                fields.require("remote_request_id", fields.string("remote_request_id")),
                fields.require("remote_host", fields.string("remote_host")),
                fields.integer("remote_port", 1, 65_535).orElseThrow(() -> fields.missing("remote_port")),
                fields.tokenIds("remote_block_ids", MAX),
                1);
    }

    /**
     * Reads what {@link #kvPull(KvPull)} writes.
     *
     * @throws io.yuebing.api.ServiceException 400 naming the field that is missing or of the wrong type
     */
    public static KvPull kvPull(ObjectNode body) {
        return kvPull(new RequestFields(body));
    }

    /** Where a kept prompt is, in vLLM's form: what a decode node is to be told. */
    public static ObjectNode kvPull(KvPull kept) {
        ObjectNode body = Json.object()
                .put("do_remote_decode", false)
                .put("do_remote_prefill", true)
                .put("remote_engine_id", kept.engineId())
                .put("remote_request_id", kept.requestId())
                .put("remote_host", kept.host())
                .put("remote_port", kept.port());
        body.set("remote_block_ids", AnswerShape.ids(kept.blockIds()));
        return body.put("tp_size", 1);
    }

    /** {@code kv_load_failure_policy}, vLLM's name, which may also stand alone in {@code kv_transfer_params}. */
    static Optional<KvLoadFailurePolicy> kvLoadFailure(RequestFields fields) {
        return fields.string("kv_load_failure_policy")
                .map(name -> KvLoadFailurePolicy.parse(name, "kv_transfer_params.kv_load_failure_policy"));
    }

    /** False if {@code kv_transfer_params} holds a policy and nothing else. */
    static boolean namesTransfer(RequestFields fields) {
        return kvLoadFailure(fields).isEmpty()
                || Stream.of("do_remote_decode", "do_remote_prefill", "transfer_id")
                        .anyMatch(name -> fields.any(name).isPresent());
    }

    /** One event as a line of the answer. */
    public static ObjectNode event(GenerateEvent event) {
        return switch (event) {
            case GenerateEvent.PromptDone done -> {
                ObjectNode line = Json.object().put("event", "prompt_done").put("cached_tokens", done.cachedTokens());
                ArrayNode logprobs = line.putArray("prompt_logprobs");
                done.promptLogprobs().forEach(token -> logprobs.add(token(token)));
                yield line;
            }
            case GenerateEvent.Token token ->
                Json.object().put("event", "token").set("token", token(token.token()));
            case GenerateEvent.Finished finished -> {
                ObjectNode line = Json.object()
                        .put("event", "finished")
                        .put("reason", finished.reason().wireName());
                finished.stopTokenId().ifPresent(id -> line.put("stop_token_id", id));
                yield line;
            }
        };
    }

    /**
     * Reads a line.
     *
     * @throws IllegalArgumentException if it is none of the three events
     */
    public static GenerateEvent event(JsonNode line) {
        String event = line.path("event").asString("none");
        return switch (event) {
            case "prompt_done" -> {
                List<SampledToken> logprobs = new ArrayList<>();
                line.path("prompt_logprobs").forEach(token -> logprobs.add(token(token)));
                yield new GenerateEvent.PromptDone(line.path("cached_tokens").asInt(), logprobs);
            }
            case "token" -> new GenerateEvent.Token(token(line.path("token")));
            case "finished" ->
                new GenerateEvent.Finished(
                        FinishReason.valueOf(line.path("reason").asString("").toUpperCase(Locale.ROOT)),
                        line.hasNonNull("stop_token_id")
                                ? OptionalInt.of(line.get("stop_token_id").asInt())
                                : OptionalInt.empty());
            default -> throw new IllegalArgumentException("unknown event \"" + event + "\"");
        };
    }

    private static ObjectNode token(SampledToken token) {
        ObjectNode body = Json.object().put("id", token.id());
        if (token.rank() != 0) {
            body.put("logprob", token.logprob()).put("rank", token.rank());
            ArrayNode top = body.putArray("top");
            for (TokenLogprob candidate : token.top()) {
                top.addArray().add(candidate.id()).add(candidate.logprob()).add(candidate.rank());
            }
        }
        return body;
    }

    private static SampledToken token(JsonNode body) {
        if (!body.path("id").isInt()) {
            throw new IllegalArgumentException("a token without id");
        }
        List<TokenLogprob> top = new ArrayList<>();
        for (JsonNode candidate : body.path("top")) {
            top.add(new TokenLogprob(
                    candidate.path(0).asInt(),
                    toFloat(candidate.path(1)),
                    candidate.path(2).asInt()));
        }
        return new SampledToken(
                body.get("id").intValue(),
                body.has("logprob") ? toFloat(body.get("logprob")) : 0,
                body.path("rank").asInt(0),
                top);
    }

    static float toFloat(JsonNode value) {
        return value.isString()
                ? Float.parseFloat(value.stringValue())
                : value.decimalValue().floatValue();
    }
}
