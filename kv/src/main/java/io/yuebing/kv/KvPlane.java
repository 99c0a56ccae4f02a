package io.yuebing.kv;

import java.util.List;

/**
 * Where the rows of one side lie within a block: all of a layout that a conversion computes with.
 *
 * <p>The layer and block of an element add their own strides, which both sides share.
 *
 * @param side keys, values or latent rows
 * @param offset byte of the first element of the first head's first token in block 0 of layer 0
 * @param head bytes between heads
 * @param token bytes between tokens of a block
 * @param channels digits of the channel index, the slowest first
 */
record KvPlane(KvSide side, long offset, long head, long token, List<Channels> channels) {
    /**
     * A digit of the channel index in mixed radix.
     *
     * @param size of the digit
     * @param stride bytes between neighbours
     */
    record Channels(int size, long stride) {}

    /** Bytes between the channels whose index differs by {@code weight}, which is a power of the radix up to there. */
    long channelStride(int weight) {
        int below = 1;
        for (int i = channels.size() - 1; i > 0; i--) {
            int next = below * channels.get(i).size();
            if (weight < next) {
                return channels.get(i).stride() * (weight / below);
            }
            below = next;
        }
        return channels.getFirst().stride() * (weight / below);
    }

    /** Byte offset of a channel within its row. */
    long channelOffset(int channel) {
        long at = 0;
        int rest = channel;
        for (int i = channels.size() - 1; i >= 0; i--) {
            Channels digit = channels.get(i);
            at += rest % digit.size() * digit.stride();
            rest /= digit.size();
        }
        return at;
    }

    /** Whether both have the same strides, so that they differ in their offset alone. */
    boolean sameStrides(KvPlane other) {
        return head == other.head && token == other.token && channels.equals(other.channels);
    }
}
