package io.yuebing.e2e;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import tools.jackson.databind.JsonNode;

/** The two flows in which vLLM's example proxies drive a prefill node and a decode node. */
final class VllmProxy {
    private static final HttpClient HTTP = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();

    private final URI prefill;
    private final URI decode;

    VllmProxy(URI prefill, URI decode) {
        this.prefill = prefill;
        this.decode = decode;
    }

    /** The NixlConnector's: prefill first, its {@code kv_transfer_params} go to the decode node. */
    HttpResponse<String> nixl(String path, Map<String, ?> body) throws Exception {
        String id = UUID.randomUUID().toString();
        return decode(path, body, nixlParams(path, body, id), id);
    }

    /** What the prefill node answers, with parameters that the client sent along. */
    Map<String, Object> nixlParams(String path, Map<String, ?> body, String id) throws Exception {
        Map<String, Object> wish = new LinkedHashMap<>();
        wish.put("do_remote_decode", true);
        wish.put("do_remote_prefill", false);
        wish.put("remote_engine_id", null);
        wish.put("remote_block_ids", null);
        wish.put("remote_host", null);
        wish.put("remote_port", null);
        Map<String, Object> leg = prefillLeg(body, wish);
        leg.remove("min_tokens");
        HttpResponse<String> answer = send(prefill, path, leg, id);
        if (answer.statusCode() != 200) {
            throw new IOException(path + " answered " + answer.statusCode() + ": " + answer.body());
        }
        Map<String, Object> params = new LinkedHashMap<>();
        JsonNode told = Client.JSON.readTree(answer.body()).path("kv_transfer_params");
        told.properties().forEach(field -> params.put(field.getKey(), field.getValue()));
        return params;
    }

    /** The MooncakeConnector's: both at once, they meet by {@code transfer_id}. */
    HttpResponse<String> mooncake(String path, Map<String, ?> body) throws Exception {
        String id = UUID.randomUUID().toString();
        JsonNode bootstrap = Client.JSON.readTree(new Client(prefill).get("/query"));
        String rank = bootstrap.propertyNames().iterator().next();
        Map<String, Object> toPrefill = new LinkedHashMap<>();
        toPrefill.put("do_remote_decode", true);
        toPrefill.put("do_remote_prefill", false);
        toPrefill.put("transfer_id", "xfer-" + id);
        Map<String, Object> toDecode = new LinkedHashMap<>();
        toDecode.put("do_remote_decode", false);
        toDecode.put("do_remote_prefill", true);
        toDecode.put("remote_bootstrap_addr", "http://" + prefill.getAuthority());
        toDecode.put("remote_engine_id", bootstrap.path(rank).path("engine_id").asString());
        toDecode.put("transfer_id", "xfer-" + id);
        var unread = HTTP.sendAsync(
                request(prefill, path, prefillLeg(body, toPrefill), id), HttpResponse.BodyHandlers.discarding());
        try {
            return decode(path, body, toDecode, id);
        } finally {
            unread.cancel(true);
        }
    }

    /** Its form up to 2025: no transfer id, both legs share the request id. */
    HttpResponse<String> mooncakeByRequestId(String path, Map<String, ?> body) throws Exception {
        String id = UUID.randomUUID().toString();
        Map<String, Object> toDecode = new LinkedHashMap<>();
        toDecode.put("do_remote_decode", false);
        toDecode.put("do_remote_prefill", true);
        toDecode.put("bootstrap_server_host", prefill.getHost());
        toDecode.put("bootstrap_server_port", prefill.getPort());
        Map<String, Object> leg = prefillLeg(body, Map.of("do_remote_decode", true, "do_remote_prefill", false));
        CompletableFuture<?> unread =
                HTTP.sendAsync(request(prefill, path, leg, id), HttpResponse.BodyHandlers.discarding());
        try {
            return decode(path, body, toDecode, id);
        } finally {
            unread.cancel(true);
        }
    }

    private static Map<String, Object> prefillLeg(Map<String, ?> body, Map<String, ?> params) {
        Map<String, Object> leg = new LinkedHashMap<>(body);
        leg.put("kv_transfer_params", params);
        leg.put("stream", false);
        leg.put("max_tokens", 1);
        if (leg.containsKey("max_completion_tokens")) {
            leg.put("max_completion_tokens", 1);
        }
        leg.remove("stream_options");
        return leg;
    }

    HttpResponse<String> decode(String path, Map<String, ?> body, Map<String, ?> params, String id) throws Exception {
        Map<String, Object> leg = new LinkedHashMap<>(body);
        leg.put("kv_transfer_params", params);
        return send(decode, path, leg, id);
    }

    /** Asks the decode node alone, which computes all of it. */
    HttpResponse<String> alone(String path, Map<String, ?> body, String id) throws Exception {
        return send(decode, path, body, id);
    }

    private static HttpResponse<String> send(URI node, String path, Map<String, ?> body, String id) throws Exception {
        return HTTP.send(request(node, path, body, id), HttpResponse.BodyHandlers.ofString());
    }

    private static HttpRequest request(URI node, String path, Map<String, ?> body, String id) {
        return HttpRequest.newBuilder(node.resolve(path))
                .timeout(Duration.ofSeconds(60))
                .header("Content-Type", "application/json")
                .header("Authorization", "Bearer None")
                .header("X-Request-Id", id)
                .POST(HttpRequest.BodyPublishers.ofString(Client.JSON.writeValueAsString(body)))
                .build();
    }
}
