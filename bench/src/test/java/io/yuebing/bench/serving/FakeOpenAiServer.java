package io.yuebing.bench.serving;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A server whose answers take as long as it is told: so much to the first token, so much to each further one. */
final class FakeOpenAiServer implements AutoCloseable {
    private static final int REFUSED = 503;

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final long firstMillis;
    private final long nextMillis;
    private final int refuseEvery;
    private final AtomicInteger count = new AtomicInteger();
    final ConcurrentLinkedQueue<JsonNode> requests = new ConcurrentLinkedQueue<>();

    /** @param refuseEvery each so many-th request is refused; 0 = none */
    FakeOpenAiServer(long firstMillis, long nextMillis, int refuseEvery) throws IOException {
        this.firstMillis = firstMillis;
        this.nextMillis = nextMillis;
        this.refuseEvery = refuseEvery;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/v1/models", exchange -> {
            byte[] body = "{\"data\":[{\"id\":\"fake\"}]}".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.createContext("/v1/completions", this::complete);
        server.createContext("/v1/chat/completions", this::complete);
        server.start();
    }

    URI uri() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    private void complete(HttpExchange exchange) throws IOException {
        JsonNode request =
                JsonMapper.shared().readTree(exchange.getRequestBody().readAllBytes());
        boolean chat = exchange.getRequestURI().getPath().contains("chat");
        requests.add(request);
        if (refuseEvery > 0 && count.incrementAndGet() % refuseEvery == 0) {
            exchange.sendResponseHeaders(REFUSED, -1);
            exchange.close();
            return;
        }
        exchange.sendResponseHeaders(200, 0);
        int tokens = request.path("max_tokens").asInt();
        String prompt = chat
                ? request.at("/messages/0/content").asString()
                : request.path("prompt").asString();
        try (OutputStream out = exchange.getResponseBody()) {
            for (int i = 0; i < tokens; i++) {
                Thread.sleep(i == 0 ? firstMillis : nextMillis);
                frame(
                        out,
                        chat ? "{\"choices\":[{\"delta\":{\"content\":\"x\"}}]}" : "{\"choices\":[{\"text\":\"x\"}]}");
            }
            int words = prompt.split(" ").length;
            frame(
                    out,
                    "{\"choices\":[],\"usage\":{\"prompt_tokens\":" + 2 * words + ",\"completion_tokens\":" + tokens
                            + "}}");
            frame(out, "[DONE]");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void frame(OutputStream out, String data) throws IOException {
        out.write(("data: " + data + "\n\n").getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
