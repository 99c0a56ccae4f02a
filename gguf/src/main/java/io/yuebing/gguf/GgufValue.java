package io.yuebing.gguf;

import io.yuebing.api.Shown;
import java.lang.foreign.MemorySegment;

/** A value of a GGUF file's metadata. */
sealed interface GgufValue {

    /** A string. */
    record Text(String text) implements GgufValue {}

    /** A truth value. */
    record Bool(boolean truth) implements GgufValue {}

    /** An integer of up to 64 bits; unsigned ones of 2<sup>63</sup> and more are negative here. */
    record Whole(long number) implements GgufValue {}

    /** A float or double. */
    record Real(double number) implements GgufValue {}

    /**
     * A list, which is decoded when it is asked for.
     *
     * @param element type of the elements
     * @param count elements
     * @param elements as in the file
     */
    record Array(ValueKind element, long count, MemorySegment elements) implements GgufValue {}

    /** For messages. */
    default String describe() {
        return switch (this) {
            case Text(String text) -> "'" + Shown.of(text) + "'";
            case Bool(boolean truth) -> String.valueOf(truth);
            case Whole(long number) -> String.valueOf(number);
            case Real(double number) -> String.valueOf(number);
            case Array array -> "a list of " + array.count() + " " + array.element();
        };
    }
}
