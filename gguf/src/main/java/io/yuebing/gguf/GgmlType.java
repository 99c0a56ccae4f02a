package io.yuebing.gguf;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Element types of tensors in GGUF files, with their numbers in ggml ({@code enum ggml_type} of ggml.h).
 *
 * <p>Elements are held in blocks of consecutive elements of a row, which share scales; a row has whole blocks.
 */
public enum GgmlType {
    F32(0, 1, 4),
    F16(1, 1, 2),
    Q4_0(2, 32, 18),
    Q4_1(3, 32, 20),
    Q5_0(6, 32, 22),
    Q5_1(7, 32, 24),
    Q8_0(8, 32, 34),
    Q2_K(10, 256, 84),
    Q3_K(11, 256, 110),
    Q4_K(12, 256, 144),
    Q5_K(13, 256, 176),
    Q6_K(14, 256, 210),
    IQ4_NL(20, 32, 18),
    IQ4_XS(23, 256, 136),
    I8(24, 1, 1),
    I16(25, 1, 2),
    I32(26, 1, 4),
    I64(27, 1, 8),
    F64(28, 1, 8),
    BF16(30, 1, 2),
    MXFP4(39, 32, 17);

    /** Names of the types that are not read, for messages. */
    private static final List<String> OTHERS = List.of(
            "16 IQ2_XXS",
            "17 IQ2_XS",
            "18 IQ3_XXS",
            "19 IQ1_S",
            "21 IQ3_S",
            "22 IQ2_S",
            "29 IQ1_M",
            "34 TQ1_0",
            "35 TQ2_0",
            "9 Q8_1",
            "15 Q8_K");

    private final int id;
    private final int blockElements;
    private final int blockBytes;

    GgmlType(int id, int blockElements, int blockBytes) {
        this.id = id;
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
    }

    /** Elements of a block. */
    public int blockElements() {
        return blockElements;
    }

    /** Bytes of a block. */
    public int blockBytes() {
        return blockBytes;
    }

    int id() {
        return id;
    }

    static Optional<GgmlType> of(int id) {
        return Arrays.stream(values()).filter(type -> type.id == id).findFirst();
    }

    /** A number for people: {@code 17 (IQ2_XS)}. */
    static String describe(int id) {
        String prefix = id + " ";
        return OTHERS.stream()
                .filter(name -> name.startsWith(prefix))
                .findFirst()
                .map(name -> id + " (" + name.substring(prefix.length()) + ")")
                .orElse(Integer.toUnsignedString(id));
    }
}
