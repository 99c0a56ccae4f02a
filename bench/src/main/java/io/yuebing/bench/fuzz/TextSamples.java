package io.yuebing.bench.fuzz;

import io.yuebing.api.UserError;
import io.yuebing.bench.make.Geometry;
import io.yuebing.bench.make.ModelJson;
import io.yuebing.text.ChatTemplate;
import io.yuebing.text.TemplateException;
import io.yuebing.text.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Tokenizers and chat templates. */
final class TextSamples {
    private static final String TEMPLATE = "{%- if tools %}{{ tools | tojson }}{% endif -%}\n"
            + "{%- for message in messages %}{% set role = message['role'] | upper %}{{ '<|im_start|>' ~ role ~ '\\n' }}"
            + "{% if message.content is string %}{{ message.content | trim }}{% else %}{{ raise_exception('no text') }}"
            + "{% endif %}{{ loop.index0 * 2 + 1 }}{{ message.content[:3] }}{{ '%05d' | format(loop.index) }}<|im_end|>\n"
            + "{% endfor %}{% macro ask(x, n=2) %}{% for i in range(n) %}{{ x }}{% endfor %}{% endmacro %}"
            + "{{ ask('assistant') if add_generation_prompt else '' }}";

    private TextSamples() {}

    static List<FuzzSample> tokenizers() {
        Map<String, byte[]> files = new TreeMap<>();
        ModelJson.files(Geometry.named("tiny"), false)
                .forEach((name, text) -> files.put(name, text.getBytes(StandardCharsets.UTF_8)));
        return List.of(new FuzzSample(
                "tokenizer.json",
                Samples.files(files),
                List.of("tokenizer.json", "tokenizer_config.json"),
                TextSamples::tokenize));
    }

    static List<FuzzSample> templates() {
        byte[] template = TEMPLATE.getBytes(StandardCharsets.UTF_8);
        byte[] config = Samples.json(Map.of("chat_template", TEMPLATE, "eos_token", "<|im_end|>", "bos_token", "<s>"));
        return List.of(
                new FuzzSample(
                        "chat_template.jinja",
                        Samples.files(Map.of("chat_template.jinja", template)),
                        List.of("chat_template.jinja"),
                        TextSamples::render),
                new FuzzSample(
                        "chat template of tokenizer_config.json",
                        Samples.files(Map.of("tokenizer_config.json", config)),
                        List.of("tokenizer_config.json"),
                        TextSamples::render));
    }

    private static void tokenize(Path folder) {
        try (Tokenizer tokenizer = Tokenizer.load(folder)) {
            int[] ids = tokenizer.encode("ab c 中文 <|im_start|>", true);
            tokenizer.decode(ids, true);
            for (int id : ids) {
                tokenizer.tokenText(id);
            }
        }
    }

    private static void render(Path folder) {
        List<Map<String, Object>> messages = List.of(
                Map.of("role", "user", "content", " What is it? "), Map.of("role", "assistant", "content", "A test."));
        try {
            ChatTemplate.load(folder).ifPresent(template -> template.render(messages, List.of(), true, Map.of()));
        } catch (TemplateException e) { // an answer to the client whose messages are rendered
            throw new UserError(folder + ": " + e.getMessage(), e);
        }
    }
}
