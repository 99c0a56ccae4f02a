package io.yuebing.text.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class TemplateTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2025-03-09T17:04:05Z"), ZoneOffset.UTC);

    record Recorded(JsonNode row) {
        @Override
        public String toString() {
            return row.path("template").asString();
        }
    }

    /** Recorded from Python's Jinja2 by {@code src/test/python/record_jinja.py}. */
    static List<Recorded> recorded() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("src/test/resources/jinja/recorded.jsonl"))) {
            return lines.map(JSON::readTree).map(Recorded::new).toList();
        }
    }

    @ParameterizedTest
    @MethodSource("recorded")
    void rendersAsPython(Recorded recorded) {
        String source = recorded.row().path("template").asString();
        Map<String, Object> variables =
                JSON.convertValue(recorded.row().path("variables"), new TypeReference<Map<String, Object>>() {});
        if (recorded.row().has("expected")) {
            assertThat(Template.parse(source).render(variables, CLOCK))
                    .isEqualTo(recorded.row().path("expected").asString());
        } else {
            assertThatThrownBy(() -> Template.parse(source).render(variables, CLOCK))
                    .isInstanceOf(JinjaException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}",
                "{% for i in [1] recursive %}{{ loop([i]) }}{% endfor %}",
                "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
                "{% set ns = namespace(s='a') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
                "{% set ns = namespace(l=[]) %}{% for i in range(99999) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}",
                "{{ 'a' * 1000000000 }}",
                "{{ [0] * 1000000000 }}",
                "{{ ('a' * 1000000)|replace('a', 'b' * 1000000) }}",
                "{{ (['a' * 1000000] * 1000)|join }}",
                "{{ 2 ** 1000000000 }}",
                "{{ 'a'.center(1000000000) }}",
                "{{ '%1000000000d' % 1 }}",
                "{{ '{:1000000000}'.format(1) }}",
                "{{ [1]|tojson(indent=1000000000) }}",
                "{{ 'a'|indent(1000000000, true) }}",
                "{{ range(1000000) }}"
            })
    void aTemplateThatGrowsOrRunsWithoutBoundFails(String source) {
        assertThatThrownBy(() -> Template.parse(source).render(Map.of(), CLOCK))
                .isInstanceOf(JinjaException.class)
                .hasMessageStartingWith("line 1: ");
    }

    @ParameterizedTest
    @CsvSource({"{{, ), (, }}", "{{, ], [, }}", "{{, '', -, }}", "'', {% endif %}, {% if 1 %}, ''"})
    void aTemplateNestedWithoutBoundIsRefused(String before, String close, String open, String after) {
        String source = before + open.repeat(20_000) + "1" + close.repeat(20_000) + after;
        assertThatThrownBy(() -> Template.parse(source))
                .isInstanceOf(JinjaException.class)
                .hasMessageContaining("nested deeper");
    }

    @Test
    void longFlatTemplatesAreNoProblem() {
        String source = "{{ 'a'" + " ~ 'b'".repeat(10_000) + " }}{% if x %}{{ x }}{% endif %}\n".repeat(10_000);
        assertThat(Template.parse(source).render(Map.of(), CLOCK)).startsWith("abbb");
    }

    @Test
    void errorsAreOneLineWhateverTheTemplateHolds() {
        assertThatThrownBy(() -> Template.parse("{{ a '\n" + "x".repeat(200) + "' }}"))
                .isInstanceOf(JinjaException.class)
                .message()
                .startsWith("line 1: expected '}}', found '?xxx")
                .hasSizeLessThan(120);
    }

    @Test
    void errorsNameTheirLine() {
        assertThatThrownBy(() -> Template.parse("a\n{% if x %}\n{{ 1 + }}\n{% endif %}"))
                .hasMessage("line 3: unexpected '}}'");
        assertThatThrownBy(() -> Template.parse("a\n\n{{ x|nosuch }}")).hasMessage("line 3: No filter named 'nosuch'.");
        assertThatThrownBy(() -> Template.parse("a\n\n{{ x.y }}").render(Map.of(), CLOCK))
                .hasMessage("line 3: 'x' is undefined");
    }

    @Test
    void whatTheTemplateRaisesIsItsOwnMessage() {
        Template template = Template.parse("\n{{ raise_exception('Roles must alternate!') }}");
        assertThatThrownBy(() -> template.render(Map.of(), CLOCK))
                .hasMessage("Roles must alternate!")
                .isInstanceOfSatisfying(
                        JinjaException.class,
                        e -> assertThat(e.raisedByTemplate()).isTrue());
    }

    @Test
    void renderingsDoNotShareState() {
        Template template = Template.parse("{% set x = (x or 0) + 1 %}{{ x }}{% set c = cycler(1, 2) %}{{ c.next() }}");
        assertThat(template.render(Map.of(), CLOCK)).isEqualTo("11");
        assertThat(template.render(Map.of(), CLOCK)).isEqualTo("11");
    }
}
