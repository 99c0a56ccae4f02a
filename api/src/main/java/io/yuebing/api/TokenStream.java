package io.yuebing.api;

/**
 * A running generation, read by one thread.
 *
 * <p>{@link #close()} before the end cancels the generation everywhere it runs and gives back all it holds; after the
 * end it does nothing. Always close.
 */
public interface TokenStream extends AutoCloseable {

    /**
     * Waits for the next event.
     *
     * @throws ServiceException if the generation failed; the stream is over
     * @throws InterruptedException if the caller was interrupted; the stream goes on
     */
    GenerateEvent next() throws InterruptedException;

    @Override
    void close();
}
