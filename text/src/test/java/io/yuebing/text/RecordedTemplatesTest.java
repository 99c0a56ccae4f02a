package io.yuebing.text;

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
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Chat templates with what Python's Jinja2, set up as transformers does, made of them. */
class RecordedTemplatesTest {
    private static final JsonMapper JSON = new JsonMapper();
    /** What {@code strftime_now} said when the cases were recorded. */
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2025-03-09T17:04:05Z"), ZoneOffset.UTC);

    record Case(String id, Path directory, JsonNode row) {
        @Override
        public String toString() {
            return id;
        }
    }

    private static List<Case> cases(Path directory) {
        try (Stream<String> lines = Files.lines(directory.resolve("cases.jsonl"))) {
            return lines.map(JSON::readTree)
                    .map(row -> new Case(row.path("id").asString(), directory, row))
                    .toList();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    static List<Case> cases() {
        return cases(Path.of("src/test/resources/chat_templates"));
    }

    /** Those of public models, which are not part of the repository: {@code -Dyuebing.publicTemplates=DIRECTORY}. */
    static List<Case> publicCases() {
        String directory = System.getProperty("yuebing.publicTemplates");
        return directory == null
                ? List.of(new Case("none given", Path.of(""), JSON.createObjectNode()))
                : cases(Path.of(directory));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void rendersAsJinja2(Case recorded) throws IOException {
        check(recorded);
    }

    @ParameterizedTest
    @MethodSource("publicCases")
    void rendersPublicTemplatesAsJinja2(Case recorded) throws IOException {
        Assumptions.assumeTrue(
                recorded.row().has("template"), "SKIPPED: no public templates, -Dyuebing.publicTemplates is not set");
        check(recorded);
    }

    private static void check(Case recorded) throws IOException {
        JsonNode row = recorded.row();
        String source = Files.readString(
                recorded.directory().resolve(row.path("template").asString()));
        if (row.has("expected")) {
            assertThat(render(row, source)).isEqualTo(row.path("expected").asString());
        } else {
            assertThatThrownBy(() -> render(row, source))
                    .isInstanceOf(TemplateException.class)
                    .satisfies(e -> {
                        if (row.path("error_type").asString().equals("TemplateError")) {
                            assertThat(e).hasMessage(row.path("error").asString());
                        }
                    });
        }
    }

    private static String render(JsonNode row, String source) {
        TypeReference<List<Map<String, Object>>> maps = new TypeReference<>() {};
        TypeReference<Map<String, Object>> map = new TypeReference<>() {};
        JsonNode tools = row.path("tools");
        return ChatTemplate.parse(source, JSON.convertValue(row.path("context"), map), CLOCK)
                .render(
                        JSON.convertValue(row.path("messages"), maps),
                        tools.isArray() ? JSON.convertValue(tools, maps) : List.of(),
                        row.path("add_generation_prompt").asBoolean(),
                        JSON.convertValue(row.path("kwargs"), map));
    }
}
