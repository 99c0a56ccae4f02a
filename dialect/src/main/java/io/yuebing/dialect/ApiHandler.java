package io.yuebing.dialect;

/** Answers requests of one route. */
@FunctionalInterface
public interface ApiHandler {

    /**
     * Reads the request and sends one answer. A {@link io.yuebing.api.ServiceException} thrown before the answer began
     * becomes an error body; any other exception becomes a 500 without details.
     */
    void handle(ApiExchange exchange) throws Exception;
}
