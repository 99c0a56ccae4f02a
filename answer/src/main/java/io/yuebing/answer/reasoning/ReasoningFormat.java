package io.yuebing.answer.reasoning;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The ways in which models mark their thoughts. */
public enum ReasoningFormat {
    /** {@code <think>} to {@code </think>}; the tag opens the answer or stands at the end of the prompt. */
    THINK(List.of("qwen3", "glm45", "glm47", "kimi_k2", "deepseek_v3"), false),

    /** The same, but the answer begins with thoughts even if nothing opens them. */
    ALWAYS_THINK(List.of("deepseek_r1"), true);

    /** The tag before thoughts. */
    public static final String OPEN = "<think>";

    /** The tag after thoughts. */
    public static final String CLOSE = "</think>";

    /** Tokens that a tokenizer may call special although parsers need their text. */
    public static final List<String> TOKENS = List.of(OPEN, CLOSE);

    private final List<String> names;
    private final boolean always;

    ReasoningFormat(List<String> names, boolean always) {
        this.names = names;
        this.always = always;
    }

    /** The names of all formats, as {@code --reasoning-parser} takes them; vLLM's. */
    public static List<String> allNames() {
        return Arrays.stream(values()).flatMap(format -> format.names.stream()).toList();
    }

    /** The format of that name. */
    public static Optional<ReasoningFormat> named(String name) {
        return Arrays.stream(values())
                .filter(format -> format.names.contains(name))
                .findFirst();
    }

    /** The format that a chat template shows; empty if its model does not think. */
    public static Optional<ReasoningFormat> ofTemplate(String source) {
        return source.contains(CLOSE) ? Optional.of(THINK) : Optional.empty();
    }

    /** The name under which logs show it. */
    public String parserName() {
        return names.getFirst();
    }

    /**
     * A parser for the answer to a prompt.
     *
     * @param prompt whose end tells whether the template has opened the thoughts already
     * @param cuts what ends thoughts beside the closing tag: the beginning of a tool call
     */
    public ReasoningParser parser(String prompt, List<String> cuts) {
        return new ReasoningParser(opens(prompt), cuts);
    }

    /** Whether the answer to a prompt begins within thoughts. */
    public boolean opens(String prompt) {
        String end = prompt.stripTrailing();
        return end.endsWith(OPEN) || always && !end.endsWith(CLOSE);
    }
}
