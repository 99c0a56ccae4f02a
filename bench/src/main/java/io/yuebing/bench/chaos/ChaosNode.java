package io.yuebing.bench.chaos;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One node process, perhaps behind links that can fail, started again whenever it was killed. */
final class ChaosNode implements AutoCloseable {
    private static final HttpClient HTTP = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(1))
            .build();

    private final String role;
    private final int machine;
    private final String host;
    private final int port;
    private final List<String> command;
    private final Path log;
    private final Optional<Path> temporary;
    private final @Nullable FaultyLink http;
    private final @Nullable FaultyLink transfer;
    private Process process;
    private boolean stopped;

    /**
     * @param machine its number among the surroundings' machines
     * @param linked whether links of this process lie in front of its ports
     */
    ChaosNode(ChaosOptions options, String role, int machine, boolean linked, Surroundings surroundings)
            throws IOException {
        this.role = role;
        this.machine = machine;
        host = surroundings.host(machine);
        log = surroundings.nodeFiles().resolve(role + machine + ".log");
        temporary = surroundings.disk().map(SmallDisk::folder);
        port = ChaosCluster.freePort();
        int transferPort = ChaosCluster.freePort();
        http = linked ? new FaultyLink("127.0.0.1", new InetSocketAddress(host, port)) : null;
        transfer = linked ? new FaultyLink(surroundings.here(), new InetSocketAddress(host, transferPort)) : null;
        List<String> arguments = new ArrayList<>(List.of(
                "node",
                "--role=" + role,
                "--host=" + host,
                "--port=" + port,
                "--transfer-host=" + host,
                "--transfer-port=" + transferPort,
                "--transfer-protocol=tcp", // whose frames the link can hurt
                "--crash-dir=" + surroundings.nodeFiles().resolve("crashes"),
                "--threads=1",
                "--kv-blocks=1024",
                "--exit-with-parent"));
        if (transfer != null) {
            arguments.add("--transfer-advertise=" + transfer.address());
        }
        surroundings.secret().ifPresent(file -> arguments.add("--transfer-secret-file=" + file));
        if (!options.model().isEmpty()) {
            arguments.add("--model=" + options.model());
        }
        command = surroundings.on(machine, options.command().apply(arguments));
        process = launch();
    }

    private Process launch() throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(Redirect.appendTo(log.toFile()));
        temporary.ifPresent(folder -> builder.environment().put("JAVA_TOOL_OPTIONS", "-Djava.io.tmpdir=" + folder));
        return builder.start();
    }

    String role() {
        return role;
    }

    String label() {
        return role + " node on port " + port;
    }

    /** Its number among the surroundings' machines. */
    int machine() {
        return machine;
    }

    /** Where the gateway reaches it: through the link, if there is one. */
    URI uri() {
        return URI.create("http://" + (http == null ? host + ":" + port : http.address()));
    }

    /** In front of its HTTP port. */
    Optional<FaultyLink> http() {
        return Optional.ofNullable(http);
    }

    /** In front of its transfer port. */
    Optional<FaultyLink> transfer() {
        return Optional.ofNullable(transfer);
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
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://" + host + ":" + port + path))
                .timeout(Duration.ofSeconds(2))
                .build();
        return HTTP.send(request, HttpResponse.BodyHandlers.ofString());
    }

    @Override
    public void close() {
        process.destroyForcibly();
        http().ifPresent(FaultyLink::close);
        transfer().ifPresent(FaultyLink::close);
    }
}
