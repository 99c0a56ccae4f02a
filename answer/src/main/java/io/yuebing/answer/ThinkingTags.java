package io.yuebing.answer;

import io.yuebing.answer.reasoning.ReasoningFormat;
import io.yuebing.answer.tools.ToolFormat;
import io.yuebing.api.ThinkingBudget;
import io.yuebing.text.Tokenizer;
import java.util.Arrays;
import java.util.List;

/** The tags around a model's thoughts as its tokens. */
public record ThinkingTags(ReasoningFormat format, Tokenizer tokenizer) {

    /**
     * The limit for the answer to a prompt.
     *
     * @param tokens most tokens of thoughts
     * @param reading tells what ends thoughts beside the closing tag
     */
    public ThinkingBudget budget(int tokens, String prompt, AnswerReading reading) {
        List<String> cuts = reading.tools().map(ToolFormat::sectionStarts).orElse(List.of());
        return new ThinkingBudget(
                tokens,
                format.opens(prompt),
                ids(ReasoningFormat.OPEN),
                close(),
                cuts.stream().map(this::ids).toList());
    }

    /** The closing tag. */
    public List<Integer> close() {
        return ids(ReasoningFormat.CLOSE);
    }

    private List<Integer> ids(String tag) {
        return tokenizer.idOf(tag).isPresent()
                ? List.of(tokenizer.idOf(tag).getAsInt())
                : Arrays.stream(tokenizer.encode(tag, false)).boxed().toList();
    }
}
