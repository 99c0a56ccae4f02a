package io.yuebing.dialect;

import io.yuebing.answer.reasoning.ReasoningFormat;
import io.yuebing.answer.tools.ToolFormat;
import io.yuebing.text.ChatTemplate;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a model writes tool calls and thoughts.
 *
 * @param tools empty = tool calls stay content
 * @param reasoning empty = thoughts stay content
 */
record OutputParsers(Optional<ToolFormat> tools, Optional<ReasoningFormat> reasoning) {
    /** Everything is content. */
    static final OutputParsers NONE = new OutputParsers(Optional.empty(), Optional.empty());

    private static final Logger LOG = LoggerFactory.getLogger(OutputParsers.class);

    /** Chooses by the options, or by the model's template where they say {@code auto}. */
    static OutputParsers of(ServedModel model, SurfaceOptions options) {
        OutputParsers chosen = new OutputParsers(
                choose(options.toolCallParser(), model, ToolFormat::named, ToolFormat::ofTemplate),
                choose(options.reasoningParser(), model, ReasoningFormat::named, ReasoningFormat::ofTemplate));
        LOG.info(
                "answers of {}: tool calls are read as {}, reasoning as {}",
                model.info().name(),
                chosen.tools().map(ToolFormat::parserName).orElse("text"),
                chosen.reasoning().map(ReasoningFormat::parserName).orElse("text"));
        return chosen;
    }

    private static <T> Optional<T> choose(
            String option,
            ServedModel model,
            Function<String, Optional<T>> named,
            Function<String, Optional<T>> ofTemplate) {
        return switch (option) {
            case SurfaceOptions.NONE -> Optional.empty();
            case SurfaceOptions.AUTO ->
                model.chatTemplate().map(ChatTemplate::source).flatMap(ofTemplate);
            default -> named.apply(option);
        };
    }
}
