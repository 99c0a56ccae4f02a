package io.yuebing.cli.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.UserError;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigurationFileTest {
    private static final Path FILE = Path.of("yuebing.yaml");

    @Test
    void entriesKeepTheirLines() {
        ConfigurationFile file = ConfigurationFile.parse(FILE, """
                # a comment
                port: 9000   # another

                kv-memory: "2GiB"
                nodes:
                  - http://a:1
                  - http://b:2
                """);
        assertThat(file.entries())
                .containsEntry("port", new ConfigurationFile.Entry("9000", 2))
                .containsEntry("kv-memory", new ConfigurationFile.Entry("2GiB", 4))
                .containsEntry("nodes", new ConfigurationFile.Entry("http://a:1,http://b:2", 5));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "# nothing\n", "---\n", "model:\n"})
    void aFileWithoutValuesGivesNone(String yaml) {
        assertThat(ConfigurationFile.parse(FILE, yaml).entries()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'port: 1\nkv_memory: 2'    | yuebing.yaml:2: unknown setting 'kv_memory'; did you mean 'kv-memory'?",
                "'colour: red'              | yuebing.yaml:1: unknown setting 'colour'; './yuebing config' lists all"
                        + " settings",
                "'port: 1\nhost: a\nport: 2'| yuebing.yaml:3: setting 'port' is given twice, first on line 1",
                "'port:\n  gateway: 1'      | yuebing.yaml:2: expected a value for 'port', got a nested mapping",
                "'- port'                   | yuebing.yaml:1: expected lines of the form 'name: value'",
                "'nodes:\n  - [a]'          | yuebing.yaml:2: expected a list of plain values for 'nodes'"
            })
    void aMistakeIsNamedWithItsLine(String yaml, String message) {
        assertThatThrownBy(() -> ConfigurationFile.parse(FILE, yaml))
                .isInstanceOf(UserError.class)
                .hasMessage(message);
    }

    @Test
    void brokenYamlIsAUserErrorWithItsLine() {
        assertThatThrownBy(() -> ConfigurationFile.parse(FILE, "port: 1\nhost: \"x\n"))
                .isInstanceOf(UserError.class)
                .hasMessageMatching("yuebing.yaml:[23]: not valid YAML: .*");
    }

    @Test
    void aMissingFileIsAUserErrorThatNamesIt() {
        assertThatThrownBy(() -> ConfigurationFile.read(Path.of("no/such.yaml")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("no/such.yaml");
    }
}
