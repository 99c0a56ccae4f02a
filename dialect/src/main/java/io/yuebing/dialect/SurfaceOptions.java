package io.yuebing.dialect;

import java.time.Duration;

/**
 * Limits and habits of an HTTP surface.
 *
 * @param version what {@code GET /version} says
 * @param maxLogprobs most alternatives per token that a client may ask for
 * @param maxSequences most sequences that one client request may start: prompts times {@code n}
 * @param trustRequestChatTemplate whether a request may bring its own chat template, which runs in this process
 * @param heartbeat a stream that has nothing to say for this long sends a comment, so that proxies keep it open; a
 *     stream that has not begun yet also begins then, so later errors can no longer change its status
 */
public record SurfaceOptions(
        String version, int maxLogprobs, int maxSequences, boolean trustRequestChatTemplate, Duration heartbeat) {

    /** vLLM's limit of 20 log-probabilities, 256 sequences, no foreign templates, a heartbeat every 5 s. */
    public static SurfaceOptions of(String version) {
        return new SurfaceOptions(version, 20, 256, false, Duration.ofSeconds(5));
    }

    public SurfaceOptions withHeartbeat(Duration interval) {
        return new SurfaceOptions(version, maxLogprobs, maxSequences, trustRequestChatTemplate, interval);
    }

    public SurfaceOptions withTrustedRequestChatTemplate(boolean trusted) {
        return new SurfaceOptions(version, maxLogprobs, maxSequences, trusted, heartbeat);
    }
}
