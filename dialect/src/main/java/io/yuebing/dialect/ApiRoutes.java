package io.yuebing.dialect;

import io.helidon.http.Method;
import io.helidon.http.PathMatchers;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.yuebing.api.ErrorCode;
import io.yuebing.api.ServiceException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The routes of one server with what they have in common: request ids, error bodies, metrics, one log line a request.
 *
 * <p>Paths are Helidon's patterns: {@code /a/{name}}, {@code /a/{+rest}}. A path that nobody added answers 404, a path
 * with another method 405, both with an error body.
 */
public final class ApiRoutes {
    private static final Logger LOG = LoggerFactory.getLogger(ApiRoutes.class);

    /** Default limit of a request body: 32 MiB, room for a prompt of several million tokens. */
    public static final int DEFAULT_MAX_BODY_BYTES = 32 << 20;

    private final SurfaceMetrics metrics;
    private final int maxBodyBytes;
    private final Map<String, Map<Method, ApiHandler>> routes = new LinkedHashMap<>();

    public ApiRoutes(SurfaceMetrics metrics) {
        this(metrics, DEFAULT_MAX_BODY_BYTES);
    }

    /**
     * Routes with a limit of their own.
     *
     * @param maxBodyBytes larger request bodies are refused with 413
     */
    public ApiRoutes(SurfaceMetrics metrics, int maxBodyBytes) {
        this.metrics = metrics;
        this.maxBodyBytes = maxBodyBytes;
    }

    int maxBodyBytes() {
        return maxBodyBytes;
    }

    public ApiRoutes get(String path, ApiHandler handler) {
        return add(Method.GET, path, handler);
    }

    public ApiRoutes post(String path, ApiHandler handler) {
        return add(Method.POST, path, handler);
    }

    public ApiRoutes delete(String path, ApiHandler handler) {
        return add(Method.DELETE, path, handler);
    }

    public ApiRoutes put(String path, ApiHandler handler) {
        return add(Method.PUT, path, handler);
    }

    private ApiRoutes add(Method method, String path, ApiHandler handler) {
        if (routes.computeIfAbsent(path, p -> new LinkedHashMap<>()).put(method, handler) != null) {
            throw new IllegalArgumentException("two handlers for " + method.text() + " " + path);
        }
        return this;
    }

    void addTo(HttpRouting.Builder routing) {
        routes.forEach((path, handlers) -> {
            handlers.forEach((method, handler) -> routing.route(
                    method, PathMatchers.create(path), (request, response) -> serve(path, handler, request, response)));
            String allowed = String.join(
                    ", ", handlers.keySet().stream().map(Method::text).toList());
            routing.any(
                    path,
                    (request, response) ->
                            serve(path, exchange -> methodNotAllowed(exchange, allowed), request, response));
        });
        routing.any((request, response) -> serve("other", ApiRoutes::notFound, request, response));
    }

    private static void methodNotAllowed(ApiExchange exchange, String allowed) {
        exchange.answerHeader("Allow", allowed);
        throw new ServiceException(
                ErrorCode.METHOD_NOT_ALLOWED, exchange.methodAndPath() + " is not allowed; this path takes " + allowed);
    }

    private static void notFound(ApiExchange exchange) {
        throw new ServiceException(ErrorCode.NOT_FOUND, "There is no " + exchange.methodAndPath() + " here");
    }

    private void serve(String route, ApiHandler handler, ServerRequest request, ServerResponse response) {
        long started = System.nanoTime();
        ApiExchange exchange = new ApiExchange(request, response, RequestIds.of(request), maxBodyBytes);
        boolean broken = false;
        metrics.requestStarted();
        try {
            handler.handle(exchange);
        } catch (ClientGoneException e) {
            exchange.note("client", "gone");
            broken = true;
        } catch (ServiceException e) {
            broken = !sendError(exchange, e);
        } catch (InterruptedException e) {
            broken = !sendError(exchange, new ServiceException(ErrorCode.UNAVAILABLE, "The server is shutting down"));
        } catch (Exception e) {
            broken = !sendError(exchange, unexpected(exchange, e));
        } finally {
            int status = broken ? 499 : exchange.status();
            metrics.requestEnded(route, status, System.nanoTime() - started);
            log(route, exchange, status, System.nanoTime() - started);
        }
        if (broken) {
            exchange.abandoned();
            throw new CloseConnectionException("request " + exchange.requestId() + " broke off");
        }
        exchange.handled();
    }

    /** Whether the client could still be told. */
    private static boolean sendError(ApiExchange exchange, ServiceException e) {
        if (exchange.status() != 0) {
            LOG.warn("{} failed after its answer had begun: {}", exchange.requestId(), e.getMessage());
            return false;
        }
        exchange.note("error", '"' + e.getMessage() + '"');
        if (e.code() == ErrorCode.OVERLOADED) {
            exchange.answerHeader("Retry-After", "1");
        }
        try {
            exchange.send(e.code().httpStatus(), ErrorBody.of(e));
            return true;
        } catch (ClientGoneException gone) {
            return false;
        }
    }

    static ServiceException unexpected(ApiExchange exchange, Exception e) {
        LOG.error("{} {} failed: {}", exchange.requestId(), exchange.methodAndPath(), e.toString());
        LOG.debug("{}", exchange.requestId(), e);
        return new ServiceException(
                ErrorCode.INTERNAL,
                "Internal server error; the server's log tells more under request id " + exchange.requestId());
    }

    private static void log(String route, ApiExchange exchange, int status, long nanos) {
        String format = "{} {} {} {} ms{}";
        Object[] words = {exchange.requestId(), exchange.methodAndPath(), status, nanos / 1_000_000, exchange.notes()};
        boolean routine = exchange.notes().isEmpty() && status < 400;
        boolean probe = route.equals("/health") || route.equals("/ping");
        if (routine || probe || route.equals("other")) {
            LOG.debug(format, words);
        } else {
            LOG.info(format, words);
        }
    }
}
