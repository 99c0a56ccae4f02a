package io.yuebing.text;

import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import io.yuebing.api.UnpackedResource;
import io.yuebing.api.UserError;
import java.io.IOException;
import java.net.URL;
import java.util.Locale;
import java.util.Optional;

/**
 * Loads the native tokenizers library that DJL's jar brings.
 *
 * <p>DJL's own loader first looks for GPUs, through JNA and the CUDA runtime, to choose among builds of the library. That
 * costs a process 0.2 s of CPU time at its start and warns of drivers that do not matter here, so the CPU build is unpacked
 * here; DJL's loader serves the platforms where it is more than one file.
 */
final class NativeLibrary {
    private static boolean loaded;

    private NativeLibrary() {}

    /**
     * Loads the library, once in a process.
     *
     * @throws UserError if it does not run on this machine
     */
    static synchronized void load() {
        if (loaded) {
            return;
        }
        try {
            Optional<URL> bundled = bundled();
            if (bundled.isPresent()) {
                System.load(UnpackedResource.of(bundled.get()).toString());
            } else {
                System.setProperty("ai.djl.offline", System.getProperty("ai.djl.offline", "true"));
                LibUtils.checkStatus();
            }
            loaded = true;
        } catch (IOException | RuntimeException | LinkageError e) {
            throw new UserError(
                    "The native tokenizers library does not load on %s %s (%s); it needs Linux with glibc, macOS on ARM or Windows, and a writable cache folder (XDG_CACHE_HOME)."
                            .formatted(System.getProperty("os.name"), System.getProperty("os.arch"), e),
                    e);
        }
    }

    /** The library in DJL's jar, where it is one file. */
    private static Optional<URL> bundled() {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String arch = System.getProperty("os.arch").equals("amd64") ? "x86_64" : System.getProperty("os.arch");
        String path = switch (os) {
            case "linux" -> "linux-" + arch + "/cpu/libtokenizers.so";
            case "mac os x" -> "osx-" + arch + "/cpu/libtokenizers.dylib";
            default -> "none";
        };
        return Optional.ofNullable(TokenizersLibrary.class.getResource("/native/lib/" + path));
    }
}
