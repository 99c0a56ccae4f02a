package io.yuebing.e2e;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** {@code yuebing up} as a user starts it: four processes. */
final class UpProcess implements AutoCloseable {
    private static final Duration READY = Duration.ofSeconds(60);

    private final ServerProcess process;
    private final URI uri;

    private UpProcess(ServerProcess process, URI uri) {
        this.process = process;
        this.uri = uri;
    }

    /** Starts and waits until the gateway is ready. */
    static UpProcess start(String... arguments) throws IOException, InterruptedException {
        URI address = ServerProcess.freeAddress();
        List<String> words = new ArrayList<>(List.of("up", "--port", Integer.toString(address.getPort())));
        words.addAll(List.of(arguments));
        UpProcess up = new UpProcess(ServerProcess.start(words), address);
        try {
            Eventually.holds("`yuebing up` is ready", READY, () -> {
                if (!up.process.isAlive()) {
                    throw new AssertionError("`yuebing up` has ended");
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

    URI uri() {
        return uri;
    }

    String output() {
        return process.output();
    }

    ProcessHandle handle() {
        return process.handle();
    }

    /** The node and gateway processes that {@code up} started. */
    List<ProcessHandle> children() {
        return process.handle().children().toList();
    }

    /** The child process whose command line holds {@code words}. */
    ProcessHandle child(String words) {
        try (Stream<ProcessHandle> children = process.handle().children()) {
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
        if (process.isAlive()) {
            process.terminate();
        }
        try {
            int unused = process.awaitExit(Duration.ofSeconds(20));
        } catch (AssertionError e) {
            process.close();
            children.forEach(ProcessHandle::destroyForcibly);
            throw e;
        }
    }
}
