package io.yuebing.transfer.mooncake;

import io.yuebing.transfer.Segment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The addresses under which this process publishes its memory.
 *
 * <p>They are numbers of their own and not where the memory lies: peers learn nothing of this process, and an address that
 * a peer makes up can only miss. Buffers lie apart, so that no range covers two of them.
 */
final class AddressSpace {
    private static final long FIRST = 0x5975_0000_0000L;
    private static final long ALIGNMENT = 1L << 32;

    private final List<Placed> placed = new ArrayList<>();

    private record Placed(long address, Segment segment) {}

    /** A range within one offered segment. */
    record Place(Segment segment, long offset) {}

    AddressSpace(List<Segment> segments) {
        long address = FIRST;
        for (Segment segment : segments) {
            placed.add(new Placed(address, segment));
            address += (segment.memory().byteSize() / ALIGNMENT + 2) * ALIGNMENT;
        }
    }

    /** What peers are told. */
    List<SegmentDescriptor.Buffer> published() {
        return placed.stream()
                .map(one -> new SegmentDescriptor.Buffer(
                        one.segment().name(),
                        one.address(),
                        one.segment().memory().byteSize()))
                .toList();
    }

    /**
     * Finds the memory of a range that a peer names.
     *
     * @param address unsigned
     * @param size unsigned
     * @return empty unless the range is not empty and lies within one buffer
     */
    Optional<Place> find(long address, long size) {
        if (size < 1) {
            return Optional.empty();
        }
        for (Placed one : placed) {
            long offset = address - one.address();
            long bytes = one.segment().memory().byteSize();
            if (offset >= 0 && offset < bytes && size <= bytes - offset) {
                return Optional.of(new Place(one.segment(), offset));
            }
        }
        return Optional.empty();
    }
}
