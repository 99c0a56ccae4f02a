package io.yuebing.text;

import io.yuebing.api.UserError;
import io.yuebing.text.jinja.JinjaException;
import io.yuebing.text.jinja.Template;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A model's chat template: makes the prompt text of a list of messages.
 *
 * <p>It renders what transformers' {@code apply_chat_template} renders. Thread-safe.
 */
public final class ChatTemplate {
    private static final String DEFAULT = "default";
    private static final String TOOL_USE = "tool_use";

    private final Map<String, Template> templates;
    private final String source;
    private final Map<String, Object> specialTokens;
    private final Clock clock;

    private ChatTemplate(
            Map<String, Template> templates, String source, Map<String, Object> specialTokens, Clock clock) {
        this.templates = templates;
        this.source = source;
        this.specialTokens = specialTokens;
        this.clock = clock;
    }

    /**
     * Finds the template of a model: {@code chat_template.jinja}, or else {@code chat_template} in
     * {@code tokenizer_config.json} (one template, or named ones of which {@code tool_use} serves requests with tools),
     * or in {@code chat_template.json}; in a GGUF file, the metadata's.
     *
     * @param model a folder or a GGUF file
     * @return empty if the model has none
     * @throws UserError if a file is damaged or the template cannot be read
     */
    public static Optional<ChatTemplate> load(Path model) {
        return load(TextFiles.of(model));
    }

    /** The same with files that are at hand. */
    public static Optional<ChatTemplate> load(TextFiles files) {
        Map<String, String> sources = new LinkedHashMap<>();
        String file = "chat_template.jinja";
        files.find(file).ifPresent(text -> sources.put(DEFAULT, text));
        for (String name : List.of("tokenizer_config.json", "chat_template.json")) {
            if (sources.isEmpty()) {
                file = name;
                addSources(SpecialTokens.json(files, name).path("chat_template"), sources);
            }
        }
        if (sources.isEmpty()) {
            return Optional.empty();
        }
        Map<String, Template> templates = new LinkedHashMap<>();
        for (Map.Entry<String, String> source : sources.entrySet()) {
            try {
                templates.put(source.getKey(), Template.parse(source.getValue()));
            } catch (JinjaException e) {
                throw new UserError(
                        "The chat template '%s' in %s cannot be read: %s."
                                .formatted(source.getKey(), files.origin(file), e.getMessage()),
                        e);
            }
        }
        return Optional.of(new ChatTemplate(
                templates, String.join("\n", sources.values()), SpecialTokens.read(files), Clock.systemDefaultZone()));
    }

    private static void addSources(JsonNode found, Map<String, String> sources) {
        if (found.isString()) {
            sources.put(DEFAULT, found.asString());
        }
        if (found.isArray()) {
            for (JsonNode named : found) {
                sources.put(
                        named.path("name").asString(""), named.path("template").asString(""));
            }
        }
    }

    /**
     * Reads a template given as text.
     *
     * @param specialTokens {@code bos_token}, {@code eos_token} and so on, as the template names them
     * @throws TemplateException if it cannot be read
     */
    public static ChatTemplate parse(String source, Map<String, Object> specialTokens) {
        return parse(source, specialTokens, Clock.systemDefaultZone());
    }

    /** The same with the clock that {@code strftime_now} reads. */
    public static ChatTemplate parse(String source, Map<String, Object> specialTokens, Clock clock) {
        try {
            return new ChatTemplate(Map.of(DEFAULT, Template.parse(source)), source, Map.copyOf(specialTokens), clock);
        } catch (JinjaException e) {
            throw new TemplateException("The chat template cannot be read: " + e.getMessage(), e);
        }
    }

    /** The text of the template, or of all of them: what it shows tells how its model writes. */
    public String source() {
        return source;
    }

    /**
     * Renders messages to the text of a prompt.
     *
     * @param messages as in the body of a chat request: maps with {@code role}, {@code content} and more
     * @param tools descriptions of functions, as in the body; empty for none
     * @param addGenerationPrompt whether to end with the beginning of the assistant's answer
     * @param kwargs further variables, such as {@code enable_thinking}; they take precedence over everything else
     * @throws TemplateException if the template refuses these messages or fails on them
     */
    public String render(
            List<Map<String, Object>> messages,
            List<Map<String, Object>> tools,
            boolean addGenerationPrompt,
            Map<String, Object> kwargs) {
        Map<String, @Nullable Object> variables = new HashMap<>(specialTokens);
        variables.put("messages", messages);
        variables.put("tools", tools.isEmpty() ? null : tools);
        variables.put("documents", null);
        variables.put("add_generation_prompt", addGenerationPrompt);
        variables.putAll(kwargs);
        try {
            return choose(!tools.isEmpty()).render(variables, clock);
        } catch (JinjaException e) {
            String message = String.valueOf(e.getMessage());
            throw new TemplateException(e.raisedByTemplate() ? message : "The chat template fails at " + message, e);
        }
    }

    private Template choose(boolean withTools) {
        Template template = withTools ? templates.get(TOOL_USE) : null;
        template = template != null ? template : templates.get(DEFAULT);
        return template != null ? template : templates.values().iterator().next();
    }
}
