package io.yuebing.cli.doctor;

import io.yuebing.transfer.topology.SystemFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** A machine that a test describes: files below a folder, and what programs would say. */
final class FakeMachine {
    private final Path root;
    private final Map<String, Machine.Output> programs = new HashMap<>();
    private final Map<String, Integer> ports = new LinkedHashMap<>(Map.of("port", 8000));
    private Machine.JavaFacts java =
            new Machine.JavaFacts("25.0.3+9", "Eclipse Adoptium", "mixed mode, sharing", 8, "native avx2 loops");

    FakeMachine(Path root) {
        this.root = root;
    }

    FakeMachine file(String path, String text) throws IOException {
        Path file = root.resolve(path.substring(1));
        Files.createDirectories(file.getParent());
        Files.writeString(file, text + "\n");
        return this;
    }

    /** A link as in {@code /sys}: to a folder by its path, which is made. */
    FakeMachine link(String path, String target) throws IOException {
        Path link = root.resolve(path.substring(1));
        Path real = root.resolve(target.substring(1));
        Path folder = Objects.requireNonNull(link.getParent());
        Files.createDirectories(folder);
        Files.createDirectories(real);
        Files.createSymbolicLink(link, folder.relativize(real));
        return this;
    }

    /** A link to something that is no file, as in {@code /proc/PID/fd}. */
    FakeMachine danglingLink(String path, String target) throws IOException {
        Path link = root.resolve(path.substring(1));
        Files.createDirectories(link.getParent());
        Files.createSymbolicLink(link, Path.of(target));
        return this;
    }

    /** What a program prints when its command line begins so. */
    FakeMachine program(String command, int exitCode, String text) {
        programs.put(command, new Machine.Output(exitCode, text));
        return this;
    }

    FakeMachine java(Machine.JavaFacts facts) {
        java = facts;
        return this;
    }

    FakeMachine port(String setting, int port) {
        ports.put(setting, port);
        return this;
    }

    Machine machine() {
        return new Machine(
                new SystemFiles(root),
                Map.of(),
                command -> programs.entrySet().stream()
                        .filter(known -> String.join(" ", command).startsWith(known.getKey()))
                        .map(Map.Entry::getValue)
                        .findFirst()
                        .or(Optional::empty),
                java,
                ports);
    }
}
