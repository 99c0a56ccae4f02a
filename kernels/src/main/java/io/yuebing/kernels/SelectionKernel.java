package io.yuebing.kernels;

/** Arithmetic on long rows of scores from which something is chosen; {@link Selection} says what each computes. */
interface SelectionKernel {
    float largest(float[] x, int at, int n);

    int firstAtLeast(float[] x, int from, int to, float least);

    float exponentials(
            float[] x, int at, int n, float shift, float factor, float least, float[] weights, int weightsAt);

    float sumAtLeast(float[] x, int at, int n, float least);

    int countAtLeast(float[] x, int at, int n, float least);
}
