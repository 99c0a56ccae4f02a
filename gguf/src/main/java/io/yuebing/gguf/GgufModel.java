package io.yuebing.gguf;

import io.yuebing.api.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A model published as one GGUF file, or as several that are named {@code NAME-00001-of-00003.gguf}.
 *
 * @param file the file, or the first of several
 * @param metadata of the first file
 * @param tensors of all files
 */
public record GgufModel(Path file, GgufMetadata metadata, List<GgufTensor> tensors) {
    private static final String SUFFIX = ".gguf";
    private static final Pattern SPLIT = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.gguf", Pattern.CASE_INSENSITIVE);
    private static final int MAX_FILES = 99_999;

    public GgufModel {
        tensors = List.copyOf(tensors);
    }

    /**
     * Finds the GGUF file that a path to a model means.
     *
     * @param model a GGUF file, or a folder without config.json that holds exactly one GGUF model
     * @return the file, the first of several; empty if the path means another kind of model
     * @throws UserError if a folder holds more than one GGUF model
     */
    public static Optional<Path> find(Path model) {
        if (!Files.isDirectory(model)) {
            return Optional.of(model).filter(GgufModel::isGguf);
        }
        if (Files.exists(model.resolve("config.json"))) {
            return Optional.empty();
        }
        try (Stream<Path> files = Files.list(model)) {
            List<Path> found = files.filter(GgufModel::isGguf)
                    .filter(GgufModel::isFirst)
                    .sorted()
                    .toList();
            if (found.size() > 1) {
                throw new UserError(model + " holds " + found.size() + " GGUF models, "
                        + found.get(0).getFileName() + " and " + found.get(1).getFileName()
                        + " among them; name one of the files");
            }
            return found.stream().findFirst();
        } catch (IOException e) {
            throw new UserError("cannot list " + model + ": " + e, e);
        }
    }

    private static boolean isGguf(Path file) {
        return file.toString().toLowerCase(Locale.ROOT).endsWith(SUFFIX);
    }

    private static boolean isFirst(Path file) {
        Matcher split = SPLIT.matcher(String.valueOf(file.getFileName()));
        return !split.matches() || Integer.parseInt(split.group(2)) == 1;
    }

    /** What a person calls the model: the file's name without its ending and part number. */
    public static String nameOf(Path file) {
        String name = String.valueOf(file.getFileName());
        Matcher split = SPLIT.matcher(name);
        return split.matches() ? split.group(1) : name.substring(0, name.length() - SUFFIX.length());
    }

    /**
     * Reads metadata and tensor descriptions; no tensor's data.
     *
     * @param file the file, or any of several
     * @throws UserError if a file is missing or damaged, or is none of the kind
     */
    public static GgufModel open(Path file) {
        List<Path> parts = parts(file);
        GgufReader.Content first = GgufReader.read(parts.getFirst());
        checkSplit(parts.getFirst(), first.metadata(), 0, parts.size());
        List<GgufTensor> tensors = new ArrayList<>(first.tensors());
        for (int part = 1; part < parts.size(); part++) {
            GgufReader.Content content = GgufReader.read(parts.get(part));
            checkSplit(parts.get(part), content.metadata(), part, parts.size());
            tensors.addAll(content.tensors());
        }
        checkTensors(parts.getFirst(), first.metadata(), tensors);
        return new GgufModel(parts.getFirst(), first.metadata(), tensors);
    }

    private static List<Path> parts(Path file) {
        Matcher split = SPLIT.matcher(String.valueOf(file.getFileName()));
        if (!split.matches()) {
            return List.of(file);
        }
        int count = Integer.parseInt(split.group(3));
        int own = Integer.parseInt(split.group(2));
        if (count < 1 || own < 1 || own > count) {
            throw new UserError(file + ": the name says part " + own + " of " + count + "; expected 1 to " + count);
        }
        List<Path> parts = new ArrayList<>();
        for (int part = 1; part <= count; part++) {
            Path sibling = file.resolveSibling(
                    String.format(Locale.ROOT, "%s-%05d-of-%05d.gguf", split.group(1), part, count));
            if (!Files.isRegularFile(sibling)) {
                throw new UserError(sibling + " is missing: " + file.getFileName() + " is one of " + count
                        + " files, which must lie side by side");
            }
            parts.add(sibling);
        }
        return parts;
    }

    private static void checkSplit(Path file, GgufMetadata metadata, int part, int count) {
        int expected = metadata.integer("split.count", 0, MAX_FILES).orElse(0);
        if (Math.max(expected, 1) != count) {
            throw new UserError(file + ": metadata key split.count says that the model has " + expected
                    + " files, by the names there are " + count
                    + "; keep the names that the files were published with");
        }
        OptionalInt number = metadata.integer("split.no", 0, MAX_FILES);
        if (count > 1 && number.orElse(-1) != part) {
            throw new UserError(file + ": metadata key split.no must be " + part + " by the file's name, found "
                    + (number.isPresent() ? number.getAsInt() : "none"));
        }
    }

    private static void checkTensors(Path first, GgufMetadata metadata, List<GgufTensor> tensors) {
        Map<String, GgufTensor> byName = new HashMap<>();
        for (GgufTensor tensor : tensors) {
            GgufTensor other = byName.put(tensor.name(), tensor);
            if (other != null) {
                throw new UserError(tensor.file() + ": tensor " + tensor.name() + " is in "
                        + other.file().getFileName() + ", too; names must differ");
            }
        }
        int expected =
                metadata.integer("split.tensors.count", 0, Integer.MAX_VALUE).orElse(tensors.size());
        if (expected != tensors.size()) {
            throw new UserError(first + ": metadata key split.tensors.count says that the model has " + expected
                    + " tensors, its files have " + tensors.size());
        }
    }
}
