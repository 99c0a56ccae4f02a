package io.yuebing.cli.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.UserError;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ConfigurationTest {
    private static final Path FILE = Path.of("folder/yuebing.yaml");

    @Test
    void flagsGoBeforeEnvironmentBeforeFileBeforeDefaults() {
        Optional<ConfigurationFile> file = file("port: 1001\nhost: from-file\nblock-size: 32\nhub: modelscope\n");
        Map<String, String> environment = Map.of("YUEBING_PORT", "1002", "YUEBING_HOST", "from-environment");
        Configuration configuration = Configuration.resolve(Map.of(Settings.PORT, "1003"), environment, file);

        assertThat(configuration.get(Settings.PORT)).isEqualTo(1003);
        assertThat(label(configuration, Settings.PORT)).isEqualTo("flag --port");
        assertThat(configuration.get(Settings.HOST)).isEqualTo("from-environment");
        assertThat(label(configuration, Settings.HOST)).isEqualTo("environment YUEBING_HOST");
        assertThat(configuration.get(Settings.BLOCK_SIZE)).isEqualTo(32);
        assertThat(label(configuration, Settings.BLOCK_SIZE)).isEqualTo("folder/yuebing.yaml:3");
        assertThat(configuration.get(Settings.MAX_NUM_SEQS)).isEqualTo(256);
        assertThat(label(configuration, Settings.MAX_NUM_SEQS)).isEqualTo("default");
    }

    @Test
    void anEmptyEnvironmentVariableCountsAsNotGiven() {
        Configuration configuration = Configuration.resolve(Map.of(), Map.of("YUEBING_PORT", ""), file("port: 1001\n"));
        assertThat(configuration.get(Settings.PORT)).isEqualTo(1001);
    }

    @Test
    void aBadValueIsRefusedWithItsSourceTheExpectedRangeAndWhatWasFound() {
        assertThatThrownBy(() -> Configuration.resolve(Map.of(Settings.PORT, "65536"), Map.of(), Optional.empty()))
                .isInstanceOf(UserError.class)
                .hasMessage("--port: expected an integer from 0 to 65535, got '65536'");
        assertThatThrownBy(() -> Configuration.resolve(Map.of(), Map.of("YUEBING_KV_DTYPE", "f8"), Optional.empty()))
                .isInstanceOf(UserError.class)
                .hasMessage("YUEBING_KV_DTYPE: expected one of bf16, f32, f16, int8, got 'f8'");
        assertThatThrownBy(() -> Configuration.resolve(Map.of(), Map.of(), file("\nkv-memory: lots\n")))
                .isInstanceOf(UserError.class)
                .hasMessage("folder/yuebing.yaml:2: kv-memory: expected a size such as 512MiB or 2GiB,"
                        + " at least 1MiB, got 'lots'");
    }

    @Test
    void aSecretIsNeverShown() {
        Configuration configuration =
                Configuration.resolve(Map.of(Settings.API_KEY, "hunter2"), Map.of(), Optional.empty());
        assertThat(configuration.resolved(Settings.API_KEY).show()).isEqualTo("***");
        assertThat(configuration.find(Settings.API_KEY)).contains("hunter2");
        assertThatThrownBy(() -> Settings.API_KEY.read("  ", new Origin.Flag()))
                .hasMessage("--api-key: expected a text that is not empty, got the given value");
    }

    @Test
    void aPathInTheFileIsRelativeToTheFile() {
        Configuration fromFile = Configuration.resolve(Map.of(), Map.of(), file("model: models/a\n"));
        assertThat(fromFile.path(Settings.MODEL_LOCATION, "models/a")).isEqualTo(Path.of("folder/models/a"));
        Configuration fromFlag =
                Configuration.resolve(Map.of(Settings.MODEL_LOCATION, "models/a"), Map.of(), Optional.empty());
        assertThat(fromFlag.path(Settings.MODEL_LOCATION, "models/a")).isEqualTo(Path.of("models/a"));
    }

    @Test
    void aMisspeltVariableIsReportedAndAForeignOneIsNot() {
        assertThat(Configuration.misspelt(
                        List.of("YUEBING_PROT", "YUEBING_JAVA_HOME", "YUEBING_SOMETHING_ELSE", "PATH")))
                .containsExactly("environment variable YUEBING_PROT is no setting and is ignored;"
                        + " did you mean YUEBING_PORT?");
    }

    @Test
    void everyDefaultIsAValueThatItsSettingAccepts() {
        for (Setting<?> setting : Settings.all()) {
            acceptsItsDefault(setting);
        }
    }

    private static <T> void acceptsItsDefault(Setting<T> setting) {
        setting.fallback()
                .map(setting.type().writer())
                .filter(text -> !text.isEmpty())
                .ifPresent(
                        text -> assertThat(setting.read(text, new Origin.Flag()).value())
                                .as(setting.name())
                                .isEqualTo(setting.fallback()));
    }

    @Test
    void valuesOfEveryTypeAreRead() {
        Configuration configuration = Configuration.resolve(
                Map.of(
                        Settings.KV_MEMORY, "3 GiB",
                        Settings.PREFIX_CACHING, "False",
                        Settings.NODES, "http://a:1, http://b:2",
                        Settings.RESERVATION_TIMEOUT, "90"),
                Map.of(),
                Optional.empty());
        assertThat(configuration.find(Settings.KV_MEMORY)).contains(3L << 30);
        assertThat(configuration.resolved(Settings.KV_MEMORY).show()).isEqualTo("3GiB");
        assertThat(configuration.get(Settings.PREFIX_CACHING)).isFalse();
        assertThat(configuration.get(Settings.NODES))
                .containsExactly(URI.create("http://a:1"), URI.create("http://b:2"));
        assertThat(configuration.get(Settings.RESERVATION_TIMEOUT)).hasSeconds(90);
    }

    private static Optional<ConfigurationFile> file(String yaml) {
        return Optional.of(ConfigurationFile.parse(FILE, yaml));
    }

    private static <T> String label(Configuration configuration, Setting<T> setting) {
        return configuration.resolved(setting).origin().label(setting);
    }
}
