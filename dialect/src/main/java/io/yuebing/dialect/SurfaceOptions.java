package io.yuebing.dialect;

import io.yuebing.answer.reasoning.ReasoningFormat;
import io.yuebing.answer.tools.ToolFormat;
import java.time.Duration;
import java.util.List;

/**
 * Limits and habits of an HTTP surface.
 *
 * @param version what {@code GET /version} says
 * @param maxLogprobs most alternatives per token that a client may ask for
 * @param maxSequences most sequences that one client request may start: prompts times {@code n}
 * @param trustRequestChatTemplate whether a request may bring its own chat template, which runs in this process
 * @param heartbeat a stream that has nothing to say for this long sends a comment, so that proxies keep it open; a
 *     stream that has not begun yet also begins then, so later errors can no longer change its status
 * @param toolCallParser how tool calls are read: a name of {@code ToolFormat}, {@link #AUTO} or {@link #NONE}
 * @param reasoningParser how thoughts are read: a name of {@code ReasoningFormat}, {@link #AUTO} or {@link #NONE}
 */
public record SurfaceOptions(
        String version,
        int maxLogprobs,
        int maxSequences,
        boolean trustRequestChatTemplate,
        Duration heartbeat,
        String toolCallParser,
        String reasoningParser) {
    /** The model's chat template decides. */
    public static final String AUTO = "auto";

    /** Everything is content. */
    public static final String NONE = "none";

    public SurfaceOptions {
        requireName(toolCallParser, ToolFormat.allNames());
        requireName(reasoningParser, ReasoningFormat.allNames());
    }

    private static void requireName(String name, List<String> known) {
        if (!name.equals(AUTO) && !name.equals(NONE) && !known.contains(name)) {
            throw new IllegalArgumentException("no parser is named " + name + "; there are " + known);
        }
    }

    /** vLLM's limit of 20 log-probabilities, 256 sequences, no foreign templates, a heartbeat every 5 s. */
    public static SurfaceOptions of(String version) {
        return new SurfaceOptions(version, 20, 256, false, Duration.ofSeconds(5), AUTO, AUTO);
    }

    public SurfaceOptions withHeartbeat(Duration interval) {
        return new SurfaceOptions(
                version,
                maxLogprobs,
                maxSequences,
                trustRequestChatTemplate,
                interval,
                toolCallParser,
                reasoningParser);
    }

    public SurfaceOptions withTrustedRequestChatTemplate(boolean trusted) {
        return new SurfaceOptions(
                version, maxLogprobs, maxSequences, trusted, heartbeat, toolCallParser, reasoningParser);
    }

    public SurfaceOptions withParsers(String toolCalls, String reasoning) {
        return new SurfaceOptions(
                version, maxLogprobs, maxSequences, trustRequestChatTemplate, heartbeat, toolCalls, reasoning);
    }
}
