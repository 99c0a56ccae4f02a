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

/** A command of the built application in a process of its own. */
final class ServerProcess implements AutoCloseable {
    private static final Path HOME = Path.of("..").toAbsolutePath().normalize();
    private static final Path APP = HOME.resolve("cli/target/app");

    private final Process process;
    private final Thread reader;
    private final List<String> output = Collections.synchronizedList(new ArrayList<>());

    private ServerProcess(List<String> words) throws IOException {
        process = new ProcessBuilder(command(words)).redirectErrorStream(true).start();
        reader = Thread.ofVirtual().start(this::readOutput);
    }

    static ServerProcess start(List<String> words) throws IOException {
        return new ServerProcess(words);
    }

    /** A node of the demo model that joins a gateway and ends with this process. */
    static ServerProcess node(URI address, URI gateway, String... more) throws IOException {
        List<String> words = new ArrayList<>(List.of(
                "node",
                "--port=" + address.getPort(),
                "--gateway=" + gateway,
                "--served-model-name=model-under-test",
                "--kv-blocks=1200",
                "--exit-with-parent"));
        words.addAll(List.of(more));
        return new ServerProcess(words);
    }

    /** {@code yuebing drain} for a node that a gateway knows. */
    static ServerProcess drain(URI node, URI gateway) throws IOException {
        return new ServerProcess(List.of("drain", node.getAuthority(), "--gateway", gateway.toString()));
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

    /** An address on loopback where nothing listens yet. */
    static URI freeAddress() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return URI.create("http://127.0.0.1:" + socket.getLocalPort());
        }
    }

    private void readOutput() {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                output.add(line);
            }
        } catch (IOException e) {
            output.add("(output ended: " + e.getMessage() + ")");
        }
    }

    boolean isAlive() {
        return process.isAlive();
    }

    ProcessHandle handle() {
        return process.toHandle();
    }

    /** What it has written so far. */
    String output() {
        synchronized (output) {
            return String.join("\n", output);
        }
    }

    /** Sends SIGTERM; unlike {@link Process#destroy} this leaves the output open. */
    void terminate() {
        if (!process.toHandle().destroy()) {
            throw new AssertionError("no SIGTERM could be sent; output:\n" + output());
        }
    }

    /** Waits for its own end; returns the exit code. */
    int awaitExit(Duration longest) throws InterruptedException {
        if (!process.waitFor(longest.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new AssertionError("still running after " + longest.toSeconds() + " s; output:\n" + output());
        }
        reader.join();
        return process.exitValue();
    }

    /** Ends it by force. */
    @Override
    public void close() {
        process.destroyForcibly();
    }
}
