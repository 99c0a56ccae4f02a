/** Weights as published: safetensors files, quantised tensors, and what the kernels make of them. */
@org.jspecify.annotations.NullMarked
package io.yuebing.model.weights;
