package io.yuebing.transfer.topology;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The files in which a kernel describes its machine, below a root that tests put elsewhere.
 *
 * <p>What cannot be read is absent: containers hide files, drivers answer with errors, and other systems than Linux have
 * none of them.
 */
public final class SystemFiles {
    /** Those of this machine. */
    public static final SystemFiles HERE = new SystemFiles(Path.of("/"));

    private static final Pattern LEADING_NUMBER = Pattern.compile("-?\\d{1,18}");
    private static final Pattern DIGITS = Pattern.compile("\\d{1,18}");

    private final Path root;

    /** @param root what stands for {@code /} */
    public SystemFiles(Path root) {
        this.root = root;
    }

    /** A file's text without the white space around it. */
    public Optional<String> text(String path) {
        try {
            return Optional.of(Files.readString(root.resolve(relative(path))).strip());
        } catch (IOException | SecurityException _) {
            return Optional.empty();
        }
    }

    /** The whole number that a file begins with. */
    public OptionalLong number(String path) {
        Matcher number = LEADING_NUMBER.matcher(text(path).orElse(""));
        return number.lookingAt() ? OptionalLong.of(Long.parseLong(number.group())) : OptionalLong.empty();
    }

    /** Names in a folder, {@code eth2} before {@code eth10}; none if it cannot be read. */
    public List<String> names(String folder) {
        try (Stream<Path> entries = Files.list(root.resolve(relative(folder)))) {
            return entries.map(entry -> entry.getFileName().toString())
                    .sorted(Comparator.comparing(SystemFiles::padded))
                    .toList();
        } catch (IOException | SecurityException _) {
            return List.of();
        }
    }

    public boolean exists(String path) {
        return Files.exists(root.resolve(relative(path)));
    }

    /** What a link says, whether or not that exists. */
    public Optional<String> link(String path) {
        try {
            return Optional.of(
                    Files.readSymbolicLink(root.resolve(relative(path))).toString());
        } catch (IOException | SecurityException | UnsupportedOperationException _) {
            return Optional.empty();
        }
    }

    /** The path without links that leads to the same, beginning with {@code /}. */
    public Optional<String> realPath(String path) {
        try {
            Path real = root.resolve(relative(path)).toRealPath();
            return Optional.of("/" + root.toRealPath().relativize(real));
        } catch (IOException | SecurityException _) {
            return Optional.empty();
        }
    }

    private static String relative(String path) {
        return path.startsWith("/") ? path.substring(1) : path;
    }

    private static String padded(String name) {
        return DIGITS.matcher(name).replaceAll(number -> "%018d".formatted(Long.parseLong(number.group())));
    }
}
