package io.yuebing.cli.doctor;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.regex.Pattern;

/** Runs programs of this machine that are on the path. */
final class LocalCommands implements Machine.Commands {
    private static final Pattern SEPARATOR = Pattern.compile(File.pathSeparator, Pattern.LITERAL);

    private final Map<String, String> environment;

    LocalCommands(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public Optional<Machine.Output> run(List<String> command) throws IOException, InterruptedException {
        if (!isThere(command.getFirst())) {
            return Optional.empty();
        }
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            process.getOutputStream().close();
            // elsewhere: reading cannot be interrupted when time is up, waiting can
            CompletableFuture<String> said =
                    CompletableFuture.supplyAsync(() -> read(process), Thread::startVirtualThread);
            int exitCode = process.waitFor();
            return Optional.of(new Machine.Output(exitCode, said.get()));
        } catch (ExecutionException e) {
            throw new IOException(command.getFirst() + " cannot be listened to: " + e.getCause(), e);
        } finally {
            process.destroyForcibly();
        }
    }

    private static String read(Process process) {
        try {
            return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private boolean isThere(String program) {
        return program.contains("/")
                ? Files.isExecutable(Path.of(program))
                : SEPARATOR
                        .splitAsStream(environment.getOrDefault("PATH", ""))
                        .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }
}
