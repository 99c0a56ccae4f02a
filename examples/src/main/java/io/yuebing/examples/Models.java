package io.yuebing.examples;

import java.nio.file.Path;

/** Which model an example runs. */
final class Models {
    private Models() {}

    /** The path that the program was given, or else the bundled model, seen from the root of the repository. */
    static Path of(String[] args) {
        return Path.of(args.length > 0 ? args[0] : "models/demo");
    }
}
