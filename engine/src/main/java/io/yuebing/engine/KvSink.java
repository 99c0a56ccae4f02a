package io.yuebing.engine;

/**
 * Takes the KV cache of a prompt somewhere else while it is being computed.
 *
 * <p>All methods are called by the engine's thread, which computes for everybody: they must return quickly and leave
 * copying to other threads. After any number of {@link #layerWritten} comes exactly one of {@link #promptWritten} and
 * {@link #aborted}; after {@link #promptWritten}, {@link #aborted} may still follow as long as the hold is open.
 */
public interface KvSink {

    /**
     * Blocks have got their final content in one layer. Each block is announced once per layer; those of one layer in
     * order. Blocks from the prefix cache are announced for all layers at the start, and the last block, which may be
     * filled in part only, with the last tokens.
     *
     * @param layer the layer
     * @param blockIds all blocks of the prompt in order; the same in every call
     * @param fromBlock index into {@code blockIds} of the first final block
     * @param toBlock index past the last one
     */
    void layerWritten(int layer, int[] blockIds, int fromBlock, int toBlock);

    /**
     * Every layer of every block has been announced. The blocks stay as they are until {@code hold} is closed; the
     * sequence's stream ends then, or at once if the blocks {@link #outlivesStream outlive} it.
     */
    void promptWritten(BlockHold hold);

    /** Whether the stream ends as soon as the prompt is written, while the hold on its blocks stays open. */
    default boolean outlivesStream() {
        return false;
    }

    /**
     * Nothing more will come: the sequence was cancelled, failed, or ended with its first token. Announced blocks are
     * given to others after this method returns, so it stops their readers first.
     */
    void aborted();
}
