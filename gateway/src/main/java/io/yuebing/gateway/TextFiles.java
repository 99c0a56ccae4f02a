package io.yuebing.gateway;

import io.yuebing.api.ModelInfo;
import io.yuebing.api.ServiceException;
import io.yuebing.api.UserError;
import io.yuebing.dialect.ServedModel;
import io.yuebing.text.ChatTemplate;
import io.yuebing.text.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tokenizer and template of the served model: from a directory given to the gateway, or from a node.
 *
 * <p>Loaded when first asked for while a node lives, again when the nodes come back with another model. Thread-safe.
 */
final class TextFiles implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TextFiles.class);

    private final NodeRegistry registry;
    private final NodeClient client;
    private final Optional<Text> given;
    private @Nullable ServedModel loaded;

    private record Text(Tokenizer tokenizer, Optional<ChatTemplate> template) {
        static Text read(Path folder) {
            return new Text(Tokenizer.load(folder), ChatTemplate.load(folder));
        }

        ServedModel of(ModelInfo info) {
            return new ServedModel(info, tokenizer, template, Instant.now().getEpochSecond());
        }
    }

    /**
     * @param directory where the files are; empty = ask a node
     * @throws UserError if they are not there or cannot be read
     */
    TextFiles(NodeRegistry registry, NodeClient client, Optional<Path> directory) {
        this.registry = registry;
        this.client = client;
        this.given = directory.map(Text::read);
    }

    /** The model that the live nodes serve; the last one while no node lives; empty before the first. */
    synchronized Optional<ServedModel> served() {
        Optional<ModelInfo> live = registry.model();
        ServedModel now = loaded;
        if (live.isEmpty() || (now != null && now.info().equals(live.get()))) {
            return Optional.ofNullable(now);
        }
        try {
            // The tokenizer of the model before is not closed: requests may still be using it.
            ServedModel next = load(live.get());
            loaded = next;
            return Optional.of(next);
        } catch (ServiceException | UserError | IOException e) {
            LOG.warn("tokenizer of model '{}' cannot be loaded: {}", live.get().name(), e.getMessage());
            return Optional.ofNullable(now);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.ofNullable(now);
        }
    }

    private ServedModel load(ModelInfo info) throws IOException, InterruptedException {
        if (given.isPresent()) {
            return given.get().of(info);
        }
        Path folder = Files.createTempDirectory("yuebing-text-");
        try {
            Map<String, byte[]> files =
                    client.textFiles(registry.live().getFirst().uri());
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                Files.write(folder.resolve(Path.of(file.getKey()).getFileName()), file.getValue());
            }
            return Text.read(folder).of(info);
        } finally {
            delete(folder);
        }
    }

    private static void delete(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
            Files.delete(folder);
        } catch (IOException | UncheckedIOException e) {
            LOG.debug("temporary folder {} stays", folder, e);
        }
    }

    @Override
    public synchronized void close() {
        if (loaded != null) {
            loaded.tokenizer().close();
            loaded = null;
        }
    }
}
