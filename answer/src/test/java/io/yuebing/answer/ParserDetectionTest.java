package io.yuebing.answer;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.answer.reasoning.ReasoningFormat;
import io.yuebing.answer.tools.ToolFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ParserDetectionTest {
    @ParameterizedTest
    @CsvSource({
        "qwen2_5, HERMES, ",
        "qwen3, HERMES, THINK",
        "deepseek_r1, DEEPSEEK_V3, THINK",
        "llama3_1, LLAMA3_JSON, ",
        "kimi_k2, KIMI_K2, ",
        "glm4, GLM45, THINK",
        "mistral, MISTRAL, ",
        "gemma3, , ",
    })
    void theTemplateOfAModelShowsItsFormats(String name, ToolFormat tools, ReasoningFormat reasoning)
            throws IOException {
        String template = Files.readString(Path.of("src/test/resources/chat_templates", name + ".jinja"));
        assertThat(ToolFormat.ofTemplate(template)).isEqualTo(Optional.ofNullable(tools));
        assertThat(ReasoningFormat.ofTemplate(template)).isEqualTo(Optional.ofNullable(reasoning));
    }

    @ParameterizedTest
    @CsvSource({
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>, DEEPSEEK_V31",
        "<tool_call>\\n<function=f>, QWEN3_CODER",
        "<|tool|>, PHI4_MINI",
        "[func_name1(params_name1=params_value1)], PYTHONIC",
    })
    void whatOnlyOneFormatWritesShowsIt(String template, ToolFormat tools) {
        assertThat(ToolFormat.ofTemplate(template)).contains(tools);
    }

    @Test
    void everyFormatIsFoundByItsNames() {
        assertThat(ToolFormat.allNames())
                .doesNotHaveDuplicates()
                .allMatch(name -> ToolFormat.named(name).isPresent());
        assertThat(ReasoningFormat.allNames())
                .doesNotHaveDuplicates()
                .allMatch(name -> ReasoningFormat.named(name).isPresent());
        assertThat(ToolFormat.named("hermès")).isEmpty();
    }
}
