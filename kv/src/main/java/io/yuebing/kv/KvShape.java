package io.yuebing.kv;

/**
 * How much a KV cache holds, whatever its layout.
 *
 * @param layers of the model that are here
 * @param blocks number of blocks
 * @param blockSize tokens of a block
 * @param heads KV heads of the model that are here
 * @param headSize channels of a key; of a latent row for MLA
 * @param elementType type of one element
 */
public record KvShape(Range layers, int blocks, int blockSize, Range heads, int headSize, ElementType elementType) {}
