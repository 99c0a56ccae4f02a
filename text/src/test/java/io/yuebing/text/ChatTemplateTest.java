package io.yuebing.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChatTemplateTest {
    private static final List<Map<String, Object>> HELLO = List.of(Map.of("role", "user", "content", "Hello"));
    private static final List<Map<String, Object>> TOOLS =
            List.of(Map.of("type", "function", "function", Map.of("name", "f")));

    @TempDir
    private Path dir;

    private void write(String file, String content) throws IOException {
        Files.writeString(dir.resolve(file), content);
    }

    private String render(List<Map<String, Object>> tools) {
        return ChatTemplate.load(dir).orElseThrow().render(HELLO, tools, true, Map.of());
    }

    @Test
    void aModelWithoutTemplateHasNone() throws IOException {
        assertThat(ChatTemplate.load(dir)).isEmpty();
        write("tokenizer_config.json", "{\"chat_template\": null}");
        assertThat(ChatTemplate.load(dir)).isEmpty();
    }

    @Test
    void theTemplateOfTheConfigurationSeesTheSpecialTokens() throws IOException {
        write("tokenizer_config.json", """
                {"chat_template": "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}{{ pad_token }}",
                 "bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": false}, "pad_token": null}
                """);
        assertThat(render(List.of())).isEqualTo("<s>Hello</s>");
    }

    @Test
    void theSpecialTokensMapCountsWhereTheConfigurationIsOfTheOldKind() throws IOException {
        String template = "\"chat_template\": \"{{ bos_token }}|{{ additional_special_tokens }}\"";
        write("special_tokens_map.json", "{\"bos_token\": \"<map>\", \"additional_special_tokens\": [\"<a>\"]}");
        write("tokenizer_config.json", "{" + template + ", \"bos_token\": \"<old>\"}");
        assertThat(render(List.of())).isEqualTo("<map>|['<a>']");
        write("tokenizer_config.json", "{" + template + ", \"bos_token\": \"<new>\", \"added_tokens_decoder\": {}}");
        assertThat(render(List.of())).isEqualTo("<new>|");
    }

    @Test
    void aTemplateFileTakesPrecedence() throws IOException {
        write("tokenizer_config.json", "{\"chat_template\": \"config\"}");
        write("chat_template.json", "{\"chat_template\": \"other\"}");
        assertThat(render(List.of())).isEqualTo("config");
        write("chat_template.jinja", "file\n");
        assertThat(render(List.of())).isEqualTo("file");
    }

    @Test
    void ofNamedTemplatesTheOneForToolsServesRequestsWithTools() throws IOException {
        write("tokenizer_config.json", """
                {"chat_template": [{"name": "default", "template": "plain"},
                                   {"name": "tool_use", "template": "tools {{ tools[0].function.name }}"}]}
                """);
        assertThat(render(List.of())).isEqualTo("plain");
        assertThat(render(TOOLS)).isEqualTo("tools f");
    }

    @Test
    void withoutToolsTheVariableIsNone() {
        ChatTemplate template = ChatTemplate.parse("{{ tools is none }} {{ documents is none }}", Map.of());
        assertThat(template.render(HELLO, List.of(), false, Map.of())).isEqualTo("True True");
        assertThat(template.render(HELLO, TOOLS, false, Map.of("documents", List.of())))
                .isEqualTo("False False");
    }

    @Test
    void furtherVariablesTakePrecedence() {
        ChatTemplate template = ChatTemplate.parse(
                "{{ bos_token }}{{ add_generation_prompt }}{{ enable_thinking }}", Map.of("bos_token", "<s>"));
        assertThat(template.render(HELLO, List.of(), true, Map.of())).isEqualTo("<s>True");
        assertThat(template.render(HELLO, List.of(), true, Map.of("bos_token", "<b>", "enable_thinking", false)))
                .isEqualTo("<b>TrueFalse");
    }

    @Test
    void theClockTellsTheLocalTime() {
        Clock clock = Clock.fixed(Instant.parse("2025-12-31T20:00:00Z"), ZoneId.of("Asia/Shanghai"));
        assertThat(ChatTemplate.parse("{{ strftime_now('%d %b %Y') }}", Map.of(), clock)
                        .render(HELLO, List.of(), false, Map.of()))
                .isEqualTo("01 Jan 2026");
    }

    @Test
    void aRefusalCarriesTheTemplatesWordsAndAFailureItsPlace() {
        ChatTemplate refusing = ChatTemplate.parse("{{ raise_exception('No system role!') }}", Map.of());
        assertThatThrownBy(() -> refusing.render(HELLO, List.of(), true, Map.of()))
                .isInstanceOf(TemplateException.class)
                .hasMessage("No system role!");
        ChatTemplate failing = ChatTemplate.parse("\n{{ messages[7].content }}", Map.of());
        assertThatThrownBy(() -> failing.render(HELLO, List.of(), true, Map.of()))
                .isInstanceOf(TemplateException.class)
                .hasMessage("The chat template fails at line 2: list object has no element 7");
    }

    @Test
    void aTemplateThatCannotBeReadIsNamedWithItsFile() throws IOException {
        assertThatThrownBy(() -> ChatTemplate.parse("{% if %}", Map.of())).isInstanceOf(TemplateException.class);
        write("chat_template.jinja", "\n{% if x %}");
        assertThatThrownBy(() -> ChatTemplate.load(dir))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("chat_template.jinja")
                .hasMessageContaining("line 2");
    }

    @Test
    void aDamagedConfigurationIsNamed() throws IOException {
        write("tokenizer_config.json", "{\"chat_template\": ");
        assertThatThrownBy(() -> ChatTemplate.load(dir))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("tokenizer_config.json is not valid JSON at line 1, column ");
        write("tokenizer_config.json", "[]");
        assertThatThrownBy(() -> ChatTemplate.load(dir))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("expected a JSON object");
    }
}
