package io.yuebing.model.weights;

import io.yuebing.gguf.GgmlType;
import java.util.Arrays;
import java.util.Optional;

/** Element types of the safetensors format, under the names of its header, and the block types of GGUF. */
public enum TensorType {
    BOOL(1),
    U8(1),
    I8(1),
    F8_E4M3(1),
    F8_E5M2(1),
    U16(2),
    I16(2),
    F16(2),
    BF16(2),
    U32(4),
    I32(4),
    F32(4),
    U64(8),
    I64(8),
    F64(8),
    Q4_0(GgmlType.Q4_0),
    Q4_1(GgmlType.Q4_1),
    Q5_0(GgmlType.Q5_0),
    Q5_1(GgmlType.Q5_1),
    Q8_0(GgmlType.Q8_0),
    Q2_K(GgmlType.Q2_K),
    Q3_K(GgmlType.Q3_K),
    Q4_K(GgmlType.Q4_K),
    Q5_K(GgmlType.Q5_K),
    Q6_K(GgmlType.Q6_K),
    IQ4_NL(GgmlType.IQ4_NL),
    IQ4_XS(GgmlType.IQ4_XS),
    MXFP4(GgmlType.MXFP4);

    private final int elements;
    private final int bytes;

    TensorType(int bytes) {
        this.elements = 1;
        this.bytes = bytes;
    }

    TensorType(GgmlType blocks) {
        this.elements = blocks.blockElements();
        this.bytes = blocks.blockBytes();
    }

    /** Elements of a block of consecutive elements of a row; 1 if each stands for itself. */
    public int elements() {
        return elements;
    }

    /** Bytes of a block. */
    public int bytes() {
        return bytes;
    }

    /** The type of that name in a safetensors file. */
    static Optional<TensorType> of(String name) {
        return Arrays.stream(values())
                .filter(type -> type.elements == 1 && type.name().equals(name))
                .findFirst();
    }

    /** The type of a tensor in a GGUF file; both sides have the same names. */
    public static TensorType of(GgmlType type) {
        return valueOf(type.name());
    }
}
