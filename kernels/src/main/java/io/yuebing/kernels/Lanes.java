package io.yuebing.kernels;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** The vectors of this machine; constants, so that the compiler knows them. */
final class Lanes {
    private static final VectorShape SHAPE = VectorShape.forBitSize(
            Math.min(Kernels.REDUCTION_LANES * Float.SIZE, FloatVector.SPECIES_PREFERRED.vectorBitSize()));

    static final VectorSpecies<Float> FLOATS = VectorSpecies.of(float.class, SHAPE);
    static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, SHAPE);
    static final VectorSpecies<Short> SHORTS = VectorSpecies.of(short.class, SHAPE);

    /** As many shorts as {@link #INTS} has lanes. */
    static final VectorSpecies<Short> HALF_SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(SHAPE.vectorBitSize() / 2));

    /** Lanes of 32 bits: 4, 8 or 16. */
    static final int COUNT = INTS.length();

    static final int BITS = SHAPE.vectorBitSize();

    /** Bytes of a vector. */
    static final int BYTES = BITS / Byte.SIZE;

    static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private Lanes() {}
}
