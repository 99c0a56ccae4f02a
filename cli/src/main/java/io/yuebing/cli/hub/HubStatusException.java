package io.yuebing.cli.hub;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Optional;

/** A hub's answer with a status that tells of a failure on its side, or of too many requests. */
final class HubStatusException extends IOException {
    private static final long serialVersionUID = 1L;
    private static final int TOO_MANY_REQUESTS = 429;
    private static final int REQUEST_TIMEOUT = 408;
    private static final long MOST_PATIENCE_SECONDS = 60;

    private final int status;
    private final long retryAfterSeconds;

    HubStatusException(String message, int status, HttpResponse<?> answer) {
        super(message);
        this.status = status;
        this.retryAfterSeconds = answer.headers()
                .firstValue("Retry-After")
                .filter(text -> text.matches("\\d{1,6}"))
                .map(Long::parseLong)
                .orElse(0L);
    }

    /** Whether the same request may succeed later. */
    boolean temporary() {
        return status >= 500 || status == TOO_MANY_REQUESTS || status == REQUEST_TIMEOUT;
    }

    /** How long the hub asks to wait, at most a minute. */
    Optional<Duration> retryAfter() {
        return retryAfterSeconds == 0
                ? Optional.empty()
                : Optional.of(Duration.ofSeconds(Math.min(retryAfterSeconds, MOST_PATIENCE_SECONDS)));
    }
}
