package io.yuebing.api;

/** Turns requests into token streams: an engine in this process, or a gateway over many. */
@FunctionalInterface
public interface Generator {

    /**
     * Starts one sequence.
     *
     * @throws ServiceException {@link ErrorCode#INVALID_REQUEST} if it can never run, {@link ErrorCode#OVERLOADED} if
     *     not now
     */
    TokenStream generate(GenerateRequest request) throws InterruptedException;
}
