package io.yuebing.e2e;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** {@code yuebing up} as a user starts it: four processes. */
final class UpProcess implements AutoCloseable {
    private static final Path HOME = Path.of("..").toAbsolutePath().normalize();
    private static final Path APP = HOME.resolve("cli/target/app");
    private static final Duration READY = Duration.ofSeconds(60);

    private final Process process;
    private final URI uri;
    private final List<String> output = Collections.synchronizedList(new ArrayList<>());

    private UpProcess(Process process, URI uri) {
        this.process = process;
        this.uri = uri;
    }

    /** Starts and waits until the gateway is ready. */
    static UpProcess start(String... arguments) throws IOException, InterruptedException {
        int port = freePort();
        List<String> words = new ArrayList<>(List.of("up", "--port", Integer.toString(port)));
        words.addAll(List.of(arguments));
        List<String> command = command(words);
        UpProcess up = new UpProcess(
                new ProcessBuilder(command).redirectErrorStream(true).start(), URI.create("http://127.0.0.1:" + port));
        Thread.ofVirtual().start(up::readOutput);
        try {
            Eventually.holds("`yuebing up` is ready", READY, () -> {
                if (!up.process.isAlive()) {
                    throw new AssertionError("`yuebing up` ended with exit code " + up.process.exitValue());
                }
                String unused = new Client(up.uri).get("/health");
                return true;
            });
            return up;
        } catch (AssertionError | InterruptedException e) {
            up.close();
            throw new AssertionError(e.getMessage() + "; its output:\n" + up.output(), e);
        }
    }

    /** The command line of a command of the built application. */
    static List<String> command(String... arguments) {
        return command(List.of(arguments));
    }

    /** The command line of a command of the built application. */
    static List<String> command(List<String> arguments) {
        if (!Files.isDirectory(APP)) {
            throw new IllegalStateException(APP.toAbsolutePath() + " is not there; build the cli module first");
        }
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + HOME.resolve("cli/src/main/launch/java.args"),
                "-Dyuebing.home=" + HOME,
                "-p",
                APP.toString(),
                "-m",
                "io.yuebing.cli/io.yuebing.cli.Main"));
        if (arguments.getFirst().equals("node")) {
            command.addAll(1, List.of("--add-modules", "io.yuebing.node"));
        }
        command.addAll(arguments);
        return command;
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private void readOutput() {
        try (BufferedReader reader =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                output.add(line);
            }
        } catch (IOException e) {
            output.add("(output ended: " + e.getMessage() + ")");
        }
    }

    URI uri() {
        return uri;
    }

    String output() {
        synchronized (output) {
            return String.join("\n", output);
        }
    }

    ProcessHandle handle() {
        return process.toHandle();
    }

    /** The node and gateway processes that {@code up} started. */
    List<ProcessHandle> children() {
        return process.toHandle().children().toList();
    }

    /** The child process whose command line holds {@code words}. */
    ProcessHandle child(String words) {
        try (Stream<ProcessHandle> children = process.toHandle().children()) {
            return children.filter(child -> child.info()
                            .commandLine()
                            .map(line -> line.contains(words))
                            .orElse(false))
                    .findFirst()
                    .orElseThrow(
                            () -> new AssertionError("no child process with '" + words + "'; output:\n" + output()));
        }
    }

    @Override
    public void close() throws InterruptedException {
        List<ProcessHandle> children = children();
        process.destroy();
        if (!process.waitFor(20, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            children.forEach(ProcessHandle::destroyForcibly);
            throw new AssertionError("`yuebing up` did not stop within 20 s of SIGTERM; output:\n" + output());
        }
    }
}
