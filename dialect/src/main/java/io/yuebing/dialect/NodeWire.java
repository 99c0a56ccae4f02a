package io.yuebing.dialect;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.ServiceException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.cfg.EnumFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * What gateway and nodes say to each other besides tokens: paths, bodies, their JSON.
 *
 * <p>Bodies are records whose components are the JSON fields; fields that the reader does not know are ignored, so that
 * versions can be mixed while a cluster is updated.
 */
public final class NodeWire {
    /** {@code GET} at a node: a {@link io.yuebing.api.NodeInfo}. */
    public static final String INFO = "/yuebing/v1/info";

    /** {@code GET} at a node: tokenizer, template and configuration files, name to content in base64. */
    public static final String TEXT_FILES = "/yuebing/v1/text-files";

    /** {@code POST} at a decode node: {@link Reserve}, answered by {@link io.yuebing.api.KvTransferParams}. */
    public static final String RESERVE = "/yuebing/v1/reserve";

    /** {@code POST} at a decode node: {@link Release}. */
    public static final String RELEASE = "/yuebing/v1/release";

    /** {@code POST} at a decode node: {@link CancelReserve}. */
    public static final String CANCEL_RESERVE = "/yuebing/v1/cancel-reserve";

    /**
     * {@code GET} at a prefill node with {@code name}: waits for the prompt of that name and tells where it is kept,
     * {@link WireFormat#kvPull(io.yuebing.api.KvPull)}; 503 if it has not come in time.
     */
    public static final String KEPT = "/yuebing/v1/kept";

    /** {@code GET} at a prefill node: who it is, in the form of vLLM's Mooncake bootstrap server. */
    public static final String BOOTSTRAP = "/query";

    /** {@code POST} at a node: finish what runs, take nothing new, end; answered by its {@link io.yuebing.api.NodeInfo}. */
    public static final String DRAIN = "/yuebing/v1/drain";

    /** {@code POST} at the gateway: the {@link io.yuebing.api.NodeInfo} of a node that lives. */
    public static final String REGISTER = "/yuebing/v1/register";

    /** {@code GET} at the gateway: the live nodes. */
    public static final String NODES = "/yuebing/v1/nodes";

    /** {@code GET} at the gateway: a {@link MissingNode} for each node that should be there and is not. */
    public static final String MISSING = "/yuebing/v1/missing";

    /** {@code GET} at a node or the gateway: its {@link Clock}. */
    public static final String CLOCK = "/yuebing/v1/clock";

    /** {@code GET} at a node: its {@link TransferPoint}. */
    public static final String TRANSFER = "/yuebing/v1/transfer";

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(EnumFeature.WRITE_ENUMS_TO_LOWERCASE)
            .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
            .build();

    private NodeWire() {}

    /**
     * Asks for room for a KV cache.
     *
     * @param requestId unique per attempt, for {@link CancelReserve}
     * @param tokens ids of the tokens that somebody else computes
     * @param cacheSalt as {@link io.yuebing.api.GenerateRequest#cacheSalt()}
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record Reserve(String requestId, int[] tokens, Optional<String> cacheSalt) {}

    /** Gives a reservation back. */
    public record Release(String transferId, long generation) {}

    /** Nobody waits for the answer to a {@link Reserve} any more: what was or will be granted is given back. */
    public record CancelReserve(String requestId) {}

    /**
     * What the wall clock shows.
     *
     * @param unixMicros microseconds since the epoch
     */
    public record Clock(long unixMicros) {
        /** Of this machine, now. */
        public static Clock now() {
            return new Clock(ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now()));
        }
    }

    /**
     * Where a node takes in KV blocks.
     *
     * @param address {@code HOST:PORT}
     */
    public record TransferPoint(String address) {}

    /**
     * A node that the gateway should have and has not.
     *
     * @param label for people, for example {@code decode node 10.0.0.3:8102}
     * @param why what the gateway knows of it, for people
     * @param unixMillis since when
     */
    public record MissingNode(String label, String why, long unixMillis) {}

    public static byte[] bytes(Object body) {
        return MAPPER.writeValueAsBytes(body);
    }

    /** @throws JacksonException if it is not the JSON of {@code type} */
    public static <T> T read(byte[] body, TypeReference<T> type) {
        return MAPPER.readValue(body, type);
    }

    /**
     * Reads a request's body.
     *
     * @throws ServiceException {@link ErrorCode#INVALID_REQUEST} if it is not the JSON of {@code type}
     */
    public static <T> T read(ApiExchange exchange, Class<T> type) {
        JsonNode body = exchange.jsonBody();
        try {
            return MAPPER.treeToValue(body, type);
        } catch (JacksonException e) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST,
                    "The body is not a " + type.getSimpleName() + ": " + e.getOriginalMessage(),
                    null,
                    e);
        }
    }

    /** Answers with a record or a map. */
    public static void send(ApiExchange exchange, Object body) {
        exchange.send(200, "application/json", bytes(body));
    }
}
