package io.yuebing.cli.hub;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Optional;

/**
 * Sends GET and HEAD requests to a hub and to the servers that it redirects to.
 *
 * <p>The token goes to the hub's own host only: a redirect to a storage server must not carry it along, which is why
 * redirects are followed here.
 */
final class HubHttp {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(30);
    private static final int MOST_REDIRECTS = 8;

    private final HttpClient client;
    private final URI endpoint;
    private final Optional<String> token;

    /**
     * @param endpoint the hub, whose host gets the token
     * @param token sent as {@code Authorization: Bearer}
     */
    HubHttp(URI endpoint, Optional<String> token) {
        this.endpoint = endpoint;
        this.token = token;
        this.client = HttpClient.newBuilder()
                .followRedirects(HttpClient.Redirect.NEVER)
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(CONNECT_TIMEOUT)
                .proxy(EnvironmentProxy.of(System.getenv()))
                .build();
    }

    boolean hasToken() {
        return token.isPresent();
    }

    /**
     * The answer after all redirects, whatever its status; the caller closes the body.
     *
     * @param from the first byte wanted; 0 = all
     */
    HttpResponse<InputStream> get(URI uri, long from) throws IOException, InterruptedException {
        URI next = uri;
        for (int i = 0; i <= MOST_REDIRECTS; i++) {
            HttpRequest.Builder request = request(next).GET();
            if (from > 0) {
                request.header("Range", "bytes=" + from + "-");
            }
            HttpResponse<InputStream> answer = client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
            Optional<URI> target = redirect(answer);
            if (target.isEmpty()) {
                return answer;
            }
            answer.body().close();
            next = target.get();
        }
        throw new IOException("more than " + MOST_REDIRECTS + " redirects from " + uri);
    }

    /** The hub's first answer, without following a redirect to another host: it has the checksum in its headers. */
    HttpResponse<Void> head(URI uri) throws IOException, InterruptedException {
        URI next = uri;
        for (int i = 0; i <= MOST_REDIRECTS; i++) {
            HttpRequest request = request(next).HEAD().build();
            HttpResponse<Void> answer = client.send(request, HttpResponse.BodyHandlers.discarding());
            Optional<URI> target = redirect(answer);
            if (target.isEmpty() || !isHub(target.get())) {
                return answer;
            }
            next = target.get();
        }
        throw new IOException("more than " + MOST_REDIRECTS + " redirects from " + uri);
    }

    private HttpRequest.Builder request(URI uri) {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri)
                .timeout(ANSWER_TIMEOUT)
                .header("User-Agent", "yuebing")
                .header("Accept-Encoding", "identity");
        if (isHub(uri)) {
            token.ifPresent(secret -> request.header("Authorization", "Bearer " + secret));
        }
        return request;
    }

    private boolean isHub(URI uri) {
        return endpoint.getHost().equalsIgnoreCase(uri.getHost())
                && endpoint.getPort() == uri.getPort()
                && endpoint.getScheme().equals(uri.getScheme());
    }

    private static Optional<URI> redirect(HttpResponse<?> answer) {
        return switch (answer.statusCode()) {
            case 301, 302, 303, 307, 308 ->
                answer.headers().firstValue("Location").map(answer.uri()::resolve);
            default -> Optional.empty();
        };
    }
}
