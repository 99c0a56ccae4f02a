package io.yuebing.kernels;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.yuebing.api.UnpackedResource;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.net.URL;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The native kernels of {@code src/main/c}, if this build has them for this platform and the processor can run them. */
final class NativeLibrary {
    /** Instruction set to use instead of the processor's best; for tests. */
    private static final String ISA_PROPERTY = "yuebing.isa";

    private static final int SHAPE_ARGUMENTS = 5;

    private static final State STATE = load();

    private record State(@Nullable SymbolLookup symbols, String isa, String checksumIsa, String whyNot) {
        static State missing(String why) {
            return new State(null, "", "", why);
        }
    }

    private NativeLibrary() {}

    static boolean loaded() {
        return STATE.symbols() != null;
    }

    /** Tells a person why there are no native kernels; empty if there are. */
    static String whyNot() {
        return STATE.whyNot();
    }

    /** The instruction set in use. */
    static String isa() {
        return STATE.isa();
    }

    /** The instruction set of the checksums, which needs more than the others; empty if there are none. */
    static String checksumIsa() {
        return STATE.checksumIsa();
    }

    /** A function in the version for the instruction set in use. */
    static MethodHandle function(String name, FunctionDescriptor descriptor) {
        return function(name, STATE.isa(), descriptor);
    }

    /** A function in the version for an instruction set; may be given arrays of the heap and must return soon. */
    @SuppressWarnings("restricted")
    static MethodHandle function(String name, String isa, FunctionDescriptor descriptor) {
        SymbolLookup symbols = STATE.symbols();
        if (symbols == null) {
            throw new IllegalStateException("no native kernels: " + STATE.whyNot());
        }
        MemorySegment address = symbols.findOrThrow(name + "_" + isa);
        return Linker.nativeLinker().downcallHandle(address, descriptor, Linker.Option.critical(true));
    }

    /** A function whose first arguments are {@code SHAPE_ARGUMENTS} of {@code kernels.h}. */
    static MethodHandle shapeFunction(String name, MemoryLayout... further) {
        MemoryLayout[] all = new MemoryLayout[SHAPE_ARGUMENTS + further.length];
        Arrays.fill(all, 0, SHAPE_ARGUMENTS, ValueLayout.JAVA_INT);
        System.arraycopy(further, 0, all, SHAPE_ARGUMENTS, further.length);
        return function(name, FunctionDescriptor.ofVoid(all));
    }

    /**
     * The arguments of a {@link PanelKernel}'s function: address and distance of the panels, the first and past the last,
     * tokens, the activations, bias, results, the first token among these, outputs, whether to add.
     */
    static MemoryLayout[] panels(MemoryLayout... activations) {
        return Stream.of(
                        Stream.of(JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT),
                        Stream.of(activations),
                        Stream.of(ADDRESS, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT))
                .flatMap(layouts -> layouts)
                .toArray(MemoryLayout[]::new);
    }

    /** The last of {@code SHAPE_ARGUMENTS}. */
    static int flags(PanelShape shape) {
        return (shape.halfScales() ? 1 : 0) | (shape.ownZeros() ? 2 : 0);
    }

    static IllegalStateException failed(Throwable t) {
        return new IllegalStateException("a native kernel could not be called", t);
    }

    @SuppressWarnings("restricted")
    private static State load() {
        URL bundled = NativeLibrary.class.getResource("/native/" + platform() + "/" + fileName());
        if (bundled == null) {
            return State.missing("this build has no native kernels for " + platform() + ", there was no C compiler");
        }
        try {
            SymbolLookup symbols = SymbolLookup.libraryLookup(UnpackedResource.of(bundled), Arena.global());
            String wish = System.getProperty(ISA_PROPERTY, "");
            String isa = wish.isEmpty() ? isa(symbols, "yuebing_isa") : wish;
            String checksumIsa = isa(symbols, "yuebing_checksum_isa");
            return isa.isEmpty()
                    ? State.missing("this processor has none of the instruction sets of the native kernels")
                    : new State(symbols, isa, wish.isEmpty() || checksumIsa.isEmpty() ? checksumIsa : wish, "");
        } catch (IOException | IllegalArgumentException e) {
            return State.missing("the native kernels do not load: " + e.getMessage());
        }
    }

    @SuppressWarnings("restricted")
    private static String isa(SymbolLookup symbols, String function) {
        MethodHandle isa = Linker.nativeLinker()
                .downcallHandle(symbols.findOrThrow(function), FunctionDescriptor.of(ValueLayout.ADDRESS));
        try {
            MemorySegment name = (MemorySegment) isa.invokeExact();
            return name.reinterpret(Long.MAX_VALUE).getString(0);
        } catch (Throwable t) {
            throw new IllegalStateException(function + " failed", t);
        }
    }

    private static String platform() {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("mac") ? "macos" : "linux";
        String arch = System.getProperty("os.arch").equals("amd64") ? "x86_64" : System.getProperty("os.arch");
        return os + "-" + arch;
    }

    private static String fileName() {
        return platform().startsWith("macos") ? "libyuebing_kernels.dylib" : "libyuebing_kernels.so";
    }
}
