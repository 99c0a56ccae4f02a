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
     * Blocks have got their final content in one layer of the cache. Each block is announced once per layer; those of the
     * same layer of the model in order. Blocks from the prefix cache are announced for all layers at the start, and the last
     * block, which may be filled in part only, with the last tokens.
     *
     * @param layer the layer of the cache
     * @param blockIds all blocks of the prompt that a continuation reads, in order; the same in every call, but those that have
     *     not been announced may be negative still
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

    /** How many of the prompt's last tokens the receiver computes once more, and so needs what these attend to. */
    default int computedAgain() {
        return 0;
    }

    /**
     * Nothing more will come: the sequence was cancelled, failed, or ended with its first token. Announced blocks are
     * given to others after this method returns, so it stops their readers first.
     */
    void aborted();
}
