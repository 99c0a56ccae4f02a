/** Quantisation of models: GPTQ, calibrated on text, written as other engines read it. */
@org.jspecify.annotations.NullMarked
package io.yuebing.model.quantize;
