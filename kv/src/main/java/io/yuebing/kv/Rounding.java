package io.yuebing.kv;

/** Whether a conversion may change values to the nearest that the target's element type has. */
public enum Rounding {
    /** Only conversions that keep every value. */
    REFUSED,
    /** To nearest, ties to even; fp8 saturates at its largest finite value. */
    ALLOWED
}
