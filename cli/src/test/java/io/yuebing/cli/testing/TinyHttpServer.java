package io.yuebing.cli.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

/** A server for tests that answers one request per connection and can break off in the middle of a body. */
public final class TinyHttpServer implements AutoCloseable {
    private final ServerSocket socket;
    private final Function<Request, Reply> handler;
    private final List<Request> requests = new CopyOnWriteArrayList<>();

    /** @param headers by lower-case name */
    public record Request(String method, String path, Map<String, String> headers, String body) {}

    /** @param cutAfter bytes of the body after which the connection is closed; -1 = all are sent */
    public record Reply(int status, Map<String, String> headers, byte[] body, int cutAfter) {
        public static Reply of(int status, String body) {
            return new Reply(status, Map.of(), body.getBytes(StandardCharsets.UTF_8), -1);
        }
    }

    private TinyHttpServer(ServerSocket socket, Function<Request, Reply> handler) {
        this.socket = socket;
        this.handler = handler;
    }

    public static TinyHttpServer start(Function<Request, Reply> handler) throws IOException {
        TinyHttpServer server = new TinyHttpServer(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), handler);
        Thread.ofVirtual().start(server::listen);
        return server;
    }

    public URI uri() {
        return URI.create("http://127.0.0.1:" + socket.getLocalPort());
    }

    public List<Request> requests() {
        return requests;
    }

    private void listen() {
        while (!socket.isClosed()) {
            try {
                Socket connection = socket.accept();
                Thread.ofVirtual().start(() -> serve(connection));
            } catch (IOException e) {
                return;
            }
        }
    }

    private void serve(Socket connection) {
        try (connection) {
            // A character is a byte until the body is complete.
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(connection.getInputStream(), StandardCharsets.ISO_8859_1));
            String[] words = in.readLine().split(" ");
            Map<String, String> headers = new TreeMap<>();
            for (String line = in.readLine(); !line.isEmpty(); line = in.readLine()) {
                int colon = line.indexOf(':');
                headers.put(
                        line.substring(0, colon).toLowerCase(Locale.ROOT),
                        line.substring(colon + 1).strip());
            }
            char[] body = new char[Integer.parseInt(headers.getOrDefault("content-length", "0"))];
            for (int n = 0; n < body.length; ) {
                n += in.read(body, n, body.length - n);
            }
            byte[] bytes = new String(body).getBytes(StandardCharsets.ISO_8859_1);
            Request request = new Request(words[0], words[1], headers, new String(bytes, StandardCharsets.UTF_8));
            requests.add(request);
            answer(connection.getOutputStream(), request, handler.apply(request));
        } catch (IOException e) {
            // The client went away, which some tests want.
            connection.isClosed();
        }
    }

    private static void answer(OutputStream out, Request request, Reply reply) throws IOException {
        StringBuilder head = new StringBuilder("HTTP/1.1 " + reply.status() + " X\r\nConnection: close\r\n");
        if (!reply.headers().containsKey("Content-Length")) {
            head.append("Content-Length: ").append(reply.body().length).append("\r\n");
        }
        reply.headers()
                .forEach((name, value) ->
                        head.append(name).append(": ").append(value).append("\r\n"));
        out.write(head.append("\r\n").toString().getBytes(StandardCharsets.UTF_8));
        if (!request.method().equals("HEAD")) {
            out.write(reply.body(), 0, reply.cutAfter() < 0 ? reply.body().length : reply.cutAfter());
        }
        out.flush();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
