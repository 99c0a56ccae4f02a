package io.yuebing.dialect;

import io.yuebing.api.GenerationDefaults;
import io.yuebing.api.ModelInfo;
import io.yuebing.text.ChatTemplate;
import io.yuebing.text.Tokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import tools.jackson.databind.JsonNode;

/** A real HTTP server on a loopback port with the surface over a {@link ScriptedGenerator}. */
final class TestServer implements AutoCloseable {
    static final int CONTEXT = 200;
    static final int VOCAB = 2048;
    static final Tokenizer TOKENIZER = Tokenizer.load(Path.of("src/test/resources/tokenizer"));

    /** The frame of Qwen's template without its system prompt. */
    static final String TEMPLATE = "{% for m in messages %}{% if m.content == 'boom' %}{{ raise_exception('no boom') }}"
            + "{% endif %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
            + "{% if tools %}tools: {{ tools[0].function.name }}\n{% endif %}"
            + "{% if mood %}mood: {{ mood }}\n{% endif %}"
            + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

    final ScriptedGenerator generator = new ScriptedGenerator();
    final SurfaceMetrics metrics = new SurfaceMetrics();
    final AtomicReference<Optional<String>> obstacle = new AtomicReference<>(Optional.empty());
    final HttpClient client = RemoteGenerator.newClient();
    private final HttpListener listener;

    TestServer() {
        this(SurfaceOptions.of("1.2.3"), GenerationDefaults.NONE);
    }

    TestServer(SurfaceOptions options, GenerationDefaults defaults) {
        ServedModel model = new ServedModel(
                new ModelInfo("tiny", CONTEXT, VOCAB, List.of(2002), defaults, "f00d"),
                TOKENIZER,
                Optional.of(ChatTemplate.parse(TEMPLATE, Map.of())),
                1_700_000_000);
        ApiRoutes routes = new ApiRoutes(metrics, 100_000);
        new OpenAiSurface(() -> Optional.of(model), generator, () -> obstacle.get(), metrics, options, () -> 77)
                .addTo(routes);
        new GenerateEndpoint(generator).addTo(routes);
        routes.get("/broken", exchange -> {
            throw new IllegalStateException("secret detail");
        });
        listener = HttpListener.start("127.0.0.1", 0, routes);
    }

    URI uri(String path) {
        return URI.create("http://127.0.0.1:" + listener.port() + path);
    }

    HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(uri(path))
                        .timeout(Duration.ofSeconds(20))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<String> post(String path, String json, String... headers) throws IOException, InterruptedException {
        return client.send(request(path, json, headers), HttpResponse.BodyHandlers.ofString());
    }

    HttpRequest request(String path, String json, String... headers) {
        HttpRequest.Builder post = HttpRequest.newBuilder(uri(path))
                .timeout(Duration.ofSeconds(20))
                .POST(HttpRequest.BodyPublishers.ofString(json));
        if (headers.length == 0) {
            post.header("Content-Type", "application/json");
        } else {
            post.headers(headers);
        }
        return post.build();
    }

    /** The body of an answer that must be a success. */
    JsonNode ok(String path, String json) throws IOException, InterruptedException {
        HttpResponse<String> response = post(path, json);
        if (response.statusCode() != 200) {
            throw new AssertionError(response.statusCode() + " " + response.body());
        }
        return json(response.body());
    }

    static JsonNode json(String text) {
        return Json.read(text.getBytes(StandardCharsets.UTF_8));
    }

    /** A connection on which the whole request has been written. */
    Socket open(String path, String json) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), listener.port());
        socket.setSoTimeout(20_000);
        byte[] body = json.getBytes(StandardCharsets.UTF_8);
        String head = "POST " + path + " HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: "
                + body.length + "\r\n\r\n";
        socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
        socket.getOutputStream().write(body);
        return socket;
    }

    /** Reads until {@code text} has come. */
    static String readUntil(InputStream in, String text) throws IOException {
        StringBuilder read = new StringBuilder();
        while (read.indexOf(text) < 0) {
            int b = in.read();
            if (b < 0) {
                throw new AssertionError("the connection ended after: " + read);
            }
            read.append((char) b);
        }
        return read.toString();
    }

    @Override
    public void close() {
        client.shutdownNow();
        listener.close();
    }
}
