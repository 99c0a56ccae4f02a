package io.yuebing.model.weights;

/**
 * The block types with 32 elements and one scale.
 *
 * <p>Where codes have 4 bits, byte {@code i} holds that of element {@code i} in its low half and that of {@code i + 16} in
 * its high half.
 */
final class SmallBlocks {
    static final int ELEMENTS = 32;
    private static final int HALF = ELEMENTS / 2;

    /** The values that a code of IQ4_NL and IQ4_XS stands for. */
    private static final int[] IQ4_VALUES = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

    /** Twice the values of a 4-bit float with one bit of mantissa (OCP Microscaling Formats, E2M1). */
    private static final int[] E2M1_DOUBLED = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

    private static final byte[] IQ4_CODES = shifted(IQ4_VALUES, 128);
    private static final byte[] E2M1_CODES = shifted(E2M1_DOUBLED, 16);

    private SmallBlocks() {}

    private static byte[] shifted(int[] values, int by) {
        byte[] codes = new byte[values.length];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (byte) (values[i] + by);
        }
        return codes;
    }

    private static void halves(byte[] data, int at, byte[] codes) {
        for (int i = 0; i < HALF; i++) {
            codes[i] = (byte) (data[at + i] & 0xF);
            codes[HALF + i] = (byte) (data[at + i] >> 4 & 0xF);
        }
    }

    /** Looks up the 4-bit codes of 32 elements in a table. */
    private static void halves(byte[] data, int at, byte[] table, byte[] codes, int offset) {
        for (int i = 0; i < HALF; i++) {
            codes[offset + i] = table[data[at + i] & 0xF];
            codes[offset + HALF + i] = table[data[at + i] >> 4 & 0xF];
        }
    }

    /** The same for the blocks of IQ4_XS. */
    static void iq4(byte[] data, int at, byte[] codes, int offset) {
        halves(data, at, IQ4_CODES, codes, offset);
    }

    /** Q4_0: {@code d, qs[16]}, weight {@code d (code - 8)}. Q4_1: {@code d, m, qs[16]}, weight {@code d code + m}. */
    record Q4(boolean hasOffsets) implements BlockCodec {
        @Override
        public int bits() {
            return 4;
        }

        @Override
        public int groupSize() {
            return ELEMENTS;
        }

        @Override
        public void scales(byte[] data, int at, Block into) {
            into.scales()[0] = Block.half(data, at);
            into.offsets()[0] = hasOffsets ? Block.half(data, at + 2) : 0;
        }

        @Override
        public void codes(byte[] data, int at, Block into) {
            halves(data, at + (hasOffsets ? 4 : 2), into.codes());
        }
    }

    /** Q5_0 and Q5_1: as Q4 with 32 bits before {@code qs}, of which bit {@code i} is the fifth of element {@code i}. */
    record Q5(boolean hasOffsets) implements BlockCodec {
        @Override
        public int bits() {
            return 5;
        }

        @Override
        public int groupSize() {
            return ELEMENTS;
        }

        @Override
        public void scales(byte[] data, int at, Block into) {
            into.scales()[0] = Block.half(data, at);
            into.offsets()[0] = hasOffsets ? Block.half(data, at + 2) : 0;
        }

        @Override
        public void codes(byte[] data, int at, Block into) {
            int high = at + (hasOffsets ? 4 : 2);
            byte[] codes = into.codes();
            halves(data, high + 4, codes);
            for (int i = 0; i < ELEMENTS; i++) {
                codes[i] |= (byte) ((data[high + i / 8] >> i % 8 & 1) << 4);
            }
        }
    }

    /** Q8_0: {@code d, qs[32]}, signed. */
    record Q8() implements BlockCodec {
        @Override
        public int bits() {
            return 8;
        }

        @Override
        public int groupSize() {
            return ELEMENTS;
        }

        @Override
        public boolean hasOffsets() {
            return false;
        }

        @Override
        public void scales(byte[] data, int at, Block into) {
            into.scales()[0] = Block.half(data, at);
        }

        @Override
        public void codes(byte[] data, int at, Block into) {
            for (int i = 0; i < ELEMENTS; i++) {
                into.codes()[i] = (byte) (data[at + 2 + i] ^ 0x80);
            }
        }
    }

    /** IQ4_NL: {@code d, qs[16]}; codes stand for uneven steps. */
    record Iq4Nl() implements BlockCodec {
        @Override
        public int bits() {
            return 8;
        }

        @Override
        public int groupSize() {
            return ELEMENTS;
        }

        @Override
        public boolean hasOffsets() {
            return false;
        }

        @Override
        public void scales(byte[] data, int at, Block into) {
            into.scales()[0] = Block.half(data, at);
        }

        @Override
        public void codes(byte[] data, int at, Block into) {
            iq4(data, at + 2, into.codes(), 0);
        }
    }

    /** MXFP4: {@code e, qs[16]}; the scale is 2<sup>e - 128</sup> for doubled values. */
    record Mxfp4() implements BlockCodec {
        @Override
        public int bits() {
            return 5;
        }

        @Override
        public int groupSize() {
            return ELEMENTS;
        }

        @Override
        public boolean hasOffsets() {
            return false;
        }

        @Override
        public void scales(byte[] data, int at, Block into) {
            into.scales()[0] = Math.scalb(1f, (data[at] & 0xFF) - 128);
        }

        @Override
        public void codes(byte[] data, int at, Block into) {
            halves(data, at + 1, E2M1_CODES, into.codes(), 0);
        }
    }
}
