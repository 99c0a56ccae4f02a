package io.yuebing.cli.kv;

import io.yuebing.api.UserError;
import io.yuebing.kv.KvDescriptor;
import io.yuebing.kv.KvLayout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * A layout that somebody has declared in a file.
 *
 * @param path of the JSON file
 * @param descriptor what it says
 */
public record LayoutFile(Path path, KvDescriptor descriptor) {
    /** @throws UserError with a sentence that names the file and the field */
    public static LayoutFile read(Path path) {
        try {
            return new LayoutFile(path, KvDescriptor.parse(Files.readString(path)));
        } catch (NoSuchFileException e) {
            throw new UserError("there is no layout file " + path, e);
        } catch (IOException e) {
            throw new UserError("the layout file " + path + " cannot be read: " + e, e);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new UserError(path + ": " + e.getMessage(), e);
        }
    }

    /** The layout of a rank. */
    KvLayout rank(int rank) {
        return descriptor.ranks().get(rank);
    }

    /** The file and, if there are several, the rank. */
    String side(int rank) {
        return descriptor.ranks().size() == 1 ? path.toString() : path + " (rank " + rank + ")";
    }
}
