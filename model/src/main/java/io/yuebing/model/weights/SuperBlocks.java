package io.yuebing.model.weights;

/** The block types with 256 elements, in groups whose scales are integers times the block's scale {@code d}. */
final class SuperBlocks {
    private static final int ELEMENTS = 256;
    private static final int SMALL_GROUP = 16;
    private static final int LARGE_GROUP = 32;

    private SuperBlocks() {}

    /** Element {@code 128 h + 32 j + l} has bits {@code 2 j} and up of byte {@code 32 h + l}. */
    private static int pair(byte[] data, int at, int element) {
        int half = element / 128;
        int shift = element % 128 / 32 * 2;
        return data[at + half * 32 + element % 32] >> shift & 3;
    }

    /** Q2_K: {@code scales[16], qs[64], d, dmin}; a scale's byte has 4 bits of scale, then 4 of minimum. */
    record Q2K() implements BlockCodec {
        @Override
        public int bits() {
            return 2;
        }

        @Override
        public int groupSize() {
            return SMALL_GROUP;
        }

        @Override
        public boolean hasOffsets() {
            return true;
        }

        @Override
        public void scales(byte[] data, int at, Block into) {
            float d = Block.half(data, at + 80);
            float min = Block.half(data, at + 82);
            for (int group = 0; group < ELEMENTS / SMALL_GROUP; group++) {
                into.scales()[group] = d * (data[at + group] & 0xF);
                into.offsets()[group] = -(min * (data[at + group] >> 4 & 0xF));
            }
        }

        @Override
        public void codes(byte[] data, int at, Block into) {
            for (int i = 0; i < ELEMENTS; i++) {
                into.codes()[i] = (byte) pair(data, at + 16, i);
            }
        }
    }

    /** Q3_K: {@code high[32], qs[64], scales[12], d}; bit {@code i / 32} of {@code high[i % 32]} is the third one. */
    record Q3K() implements BlockCodec {
        @Override
        public int bits() {
            return 3;
        }

        @Override
        public int groupSize() {
            return SMALL_GROUP;
        }

        @Override
        public boolean hasOffsets() {
            return false;
        }

        @Override
        public void scales(byte[] data, int at, Block into) {
            float d = Block.half(data, at + 108);
            for (int group = 0; group < ELEMENTS / SMALL_GROUP; group++) {
                into.scales()[group] = d * (scale(data, at + 96, group) - 32);
            }
        }

        @Override
        public void codes(byte[] data, int at, Block into) {
            for (int i = 0; i < ELEMENTS; i++) {
                int high = data[at + i % 32] >> i / 32 & 1;
                into.codes()[i] = (byte) (pair(data, at + 32, i) | high << 2);
            }
        }

        /** Eight bytes with the low 4 bits of two scales each, then four with the high 2 bits of four. */
        private static int scale(byte[] data, int at, int group) {
            int low = data[at + group % 8] >> group / 8 * 4 & 0xF;
            int high = data[at + 8 + group % 4] >> group / 4 * 2 & 3;
            return low | high << 4;
        }
    }

    /** Scales and minima of Q4_K and Q5_K: 6 bits each, in 12 bytes. */
    private static void scalesAndMinima(byte[] data, int at, Block into) {
        float d = Block.half(data, at);
        float min = Block.half(data, at + 2);
        int packed = at + 4;
        for (int group = 0; group < ELEMENTS / LARGE_GROUP; group++) {
            int scale;
            int minimum;
            if (group < 4) {
                scale = data[packed + group] & 63;
                minimum = data[packed + group + 4] & 63;
            } else {
                scale = data[packed + group + 4] & 0xF | (data[packed + group - 4] >> 6 & 3) << 4;
                minimum = data[packed + group + 4] >> 4 & 0xF | (data[packed + group] >> 6 & 3) << 4;
            }
            into.scales()[group] = d * scale;
            into.offsets()[group] = -(min * minimum);
        }
    }

    /** The low half of 32 bytes is a group, the high half the next. */
    private static int nibble(byte[] data, int at, int element) {
        return data[at + element / 64 * 32 + element % 32] >> element % 64 / 32 * 4 & 0xF;
    }

    /** Q4_K: {@code d, dmin, scales[12], qs[128]}. */
    record Q4K() implements BlockCodec {
        @Override
        public int bits() {
            return 4;
        }

        @Override
        public int groupSize() {
            return LARGE_GROUP;
        }

        @Override
        public boolean hasOffsets() {
            return true;
        }

        @Override
        public void scales(byte[] data, int at, Block into) {
            scalesAndMinima(data, at, into);
        }

        @Override
        public void codes(byte[] data, int at, Block into) {
            for (int i = 0; i < ELEMENTS; i++) {
                into.codes()[i] = (byte) nibble(data, at + 16, i);
            }
        }
    }

    /** Q5_K: {@code d, dmin, scales[12], high[32], qs[128]}; bit {@code i / 32} of {@code high[i % 32]} is the fifth. */
    record Q5K() implements BlockCodec {
        @Override
        public int bits() {
            return 5;
        }

        @Override
        public int groupSize() {
            return LARGE_GROUP;
        }

        @Override
        public boolean hasOffsets() {
            return true;
        }

        @Override
        public void scales(byte[] data, int at, Block into) {
            scalesAndMinima(data, at, into);
        }

        @Override
        public void codes(byte[] data, int at, Block into) {
            for (int i = 0; i < ELEMENTS; i++) {
                int high = data[at + 16 + i % 32] >> i / 32 & 1;
                into.codes()[i] = (byte) (nibble(data, at + 48, i) | high << 4);
            }
        }
    }

    /** Q6_K: {@code low[128], high[64], scales[16], d}; scales are signed bytes. */
    record Q6K() implements BlockCodec {
        @Override
        public int bits() {
            return 6;
        }

        @Override
        public int groupSize() {
            return SMALL_GROUP;
        }

        @Override
        public boolean hasOffsets() {
            return false;
        }

        @Override
        public void scales(byte[] data, int at, Block into) {
            float d = Block.half(data, at + 208);
            for (int group = 0; group < ELEMENTS / SMALL_GROUP; group++) {
                into.scales()[group] = d * data[at + 192 + group];
            }
        }

        @Override
        public void codes(byte[] data, int at, Block into) {
            for (int i = 0; i < ELEMENTS; i++) {
                int low = data[at + i / 128 * 64 + i % 64] >> i % 128 / 64 * 4 & 0xF;
                into.codes()[i] = (byte) (low | pair(data, at + 128, i) << 4);
            }
        }
    }

    /** IQ4_XS: {@code d, high u16, low[4], qs[128]}; groups of 32 as in IQ4_NL with scales of 6 bits, less 32. */
    record Iq4Xs() implements BlockCodec {
        @Override
        public int bits() {
            return 8;
        }

        @Override
        public int groupSize() {
            return LARGE_GROUP;
        }

        @Override
        public boolean hasOffsets() {
            return false;
        }

        @Override
        public void scales(byte[] data, int at, Block into) {
            float d = Block.half(data, at);
            int highs = data[at + 2] & 0xFF | (data[at + 3] & 0xFF) << 8;
            for (int group = 0; group < ELEMENTS / LARGE_GROUP; group++) {
                int low = data[at + 4 + group / 2] >> group % 2 * 4 & 0xF;
                int high = highs >> 2 * group & 3;
                into.scales()[group] = d * ((low | high << 4) - 32);
            }
        }

        @Override
        public void codes(byte[] data, int at, Block into) {
            for (int group = 0; group < ELEMENTS / LARGE_GROUP; group++) {
                SmallBlocks.iq4(data, at + 8 + group * 16, into.codes(), group * LARGE_GROUP);
            }
        }
    }
}
