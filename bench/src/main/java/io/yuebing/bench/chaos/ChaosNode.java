package io.yuebing.bench.chaos;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** One node process behind links that can fail, started again whenever it was killed. */
final class ChaosNode implements AutoCloseable {
    private static final HttpClient HTTP = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(1))
            .build();

    private final String role;
    private final int port;
    private final List<String> command;
    private final Path log;
    private final FaultyLink http;
    private final FaultyLink transfer;
    private Process process;
    private boolean stopped;

    ChaosNode(ChaosOptions options, String role, Path log) throws IOException {
        this.role = role;
        this.log = log;
        port = ChaosCluster.freePort();
        int transferPort = ChaosCluster.freePort();
        http = new FaultyLink(port);
        transfer = new FaultyLink(transferPort);
        List<String> arguments = new ArrayList<>(List.of(
                "node",
                "--role=" + role,
                "--port=" + port,
                "--transfer-port=" + transferPort,
                "--transfer-protocol=tcp", // whose frames the link can hurt
                "--transfer-advertise=127.0.0.1:" + transfer.port(),
                "--threads=1",
                "--kv-blocks=1024",
                "--exit-with-parent"));
        if (!options.model().isEmpty()) {
            arguments.add("--model=" + options.model());
        }
        command = options.command().apply(arguments);
        process = launch();
    }

    private Process launch() throws IOException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(Redirect.appendTo(log.toFile()))
                .start();
    }

    String role() {
        return role;
    }

    String label() {
        return role + " node on port " + port;
    }

    /** Where the gateway reaches it: through the link. */
    URI uri() {
        return URI.create("http://127.0.0.1:" + http.port());
    }

    FaultyLink http() {
        return http;
    }

    FaultyLink transfer() {
        return transfer;
    }

    void kill() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor();
        stopped = false;
    }

    void restart() throws IOException {
        process = launch();
    }

    /** SIGSTOP: the process is there, and nothing in it moves. */
    void stop() throws IOException, InterruptedException {
        signal("STOP");
        stopped = true;
    }

    /** SIGCONT. */
    void go() throws IOException, InterruptedException {
        if (stopped) {
            stopped = false;
            signal("CONT");
        }
    }

    private void signal(String name) throws IOException, InterruptedException {
        Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .inheritIO()
                .start();
        if (!kill.waitFor(5, TimeUnit.SECONDS) || kill.exitValue() != 0) {
            throw new IOException("kill -" + name + " of " + label() + " failed");
        }
    }

    /** Whether it is up and serves, asked around the link. */
    boolean serves() throws InterruptedException {
        try {
            return process.isAlive() && !stopped && get("/health").statusCode() == 200;
        } catch (IOException e) {
            return false;
        }
    }

    /** The value of a metric, summed over its labels. */
    double metric(String name) throws IOException, InterruptedException {
        double sum = 0;
        for (String line : get("/metrics").body().split("\n", -1)) {
            if (line.startsWith(name + "{") || line.startsWith(name + " ")) {
                sum += Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
            }
        }
        return sum;
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .timeout(Duration.ofSeconds(2))
                .build();
        return HTTP.send(request, HttpResponse.BodyHandlers.ofString());
    }

    @Override
    public void close() {
        process.destroyForcibly();
        http.close();
        transfer.close();
    }
}
