package io.yuebing.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.cli.settings.Setting;
import io.yuebing.cli.settings.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReadmeTest {
    @ParameterizedTest
    @ValueSource(strings = {"README.md", "README.zh-CN.md"})
    void everySettingIsInTheTableWithItsDefault(String name) throws IOException {
        String text = Files.readString(Path.of("..", name));
        for (Setting<?> setting : Settings.all()) {
            assertThat(text).contains("| `" + setting.name() + "` |");
            if (setting.fallbackNote().isEmpty() && !setting.describeFallback().equals("none")) {
                assertThat(text).contains("| `" + setting.name() + "` | `" + setting.describeFallback() + "` |");
            }
        }
    }
}
