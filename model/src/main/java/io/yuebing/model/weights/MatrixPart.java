package io.yuebing.model.weights;

/**
 * Neighbouring rows of a stored matrix that are used as a matrix of their own.
 *
 * @param firstOutput the first row
 * @param outputs number of rows
 * @param transposed whether the part is used the other way round, with {@code outputs} inputs
 */
public record MatrixPart(int firstOutput, int outputs, boolean transposed) {}
