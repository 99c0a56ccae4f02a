package io.yuebing.kernels;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A matrix as it lies in memory, to be kept in a file and used from there by {@link Linears#ofPacked}; without its bias.
 *
 * @param form what the parts are; only {@link Linears} reads it, and only with the same {@link Linears#PACKING_VERSION}
 * @param parts the bytes
 */
public record PackedLinear(String form, List<MemorySegment> parts) {
    public PackedLinear {
        parts = List.copyOf(parts);
    }
}
