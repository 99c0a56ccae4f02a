package io.yuebing.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class CommandsTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void everyCommandShowsExamplesInItsHelp() {
        for (String command : List.of(
                "up",
                "serve",
                "node",
                "gateway",
                "chat",
                "top",
                "doctor",
                "pull",
                "inspect",
                "quantize",
                "replay",
                "kv",
                "transfer",
                "bench",
                "config",
                "completion")) {
            out.getBuffer().setLength(0);
            assertThat(run(command, "--help")).isZero();
            assertThat(out.toString()).as(command).contains("Example").contains("./yuebing " + command);
        }
    }

    @Test
    void aMistypedFlagIsAUserErrorWithASuggestion() {
        assertThat(run("up", "--prt", "9000")).isEqualTo(2);
        assertThat(err.toString()).startsWith("yuebing: unknown option '--prt'; did you mean '--port'?");
    }

    @Test
    void aMistypedCommandIsAUserErrorWithASuggestion() {
        assertThat(run("gatway")).isEqualTo(2);
        assertThat(err.toString()).startsWith("yuebing: unexpected 'gatway'; did you mean 'gateway'?");
    }

    @Test
    void aValueOutOfRangeIsOneSentenceWithoutAStackTrace() {
        assertThat(run("config", "--port", "65536")).isEqualTo(2);
        assertThat(err.toString().lines())
                .containsExactly("yuebing: --port: expected an integer from 0 to 65535, got '65536'");
    }

    @Test
    void debugShowsTheStackTrace() {
        assertThat(run("config", "--port", "65536", "--debug")).isEqualTo(2);
        assertThat(err.toString()).contains("\tat io.yuebing.cli");
    }

    @Test
    void configShowsEverySettingWithItsValueAndOrigin() {
        assertThat(run("config", "--kv-memory", "2GiB")).isZero();
        assertThat(out.toString())
                .containsPattern("kv-memory +2GiB +flag --kv-memory")
                .containsPattern("block-size +16 +default");
    }

    @Test
    void theCompletionScriptKnowsCommandsAndFlags() {
        assertThat(run("completion")).isZero();
        assertThat(out.toString())
                .contains("complete -F _complete_yuebing")
                .contains("--max-num-seqs")
                .contains("gateway")
                .doesNotContain("rehearse");
    }

    @Test
    void inspectOfNothingSaysWhatToDo() {
        assertThat(run("inspect", "no/such")).isEqualTo(2);
        assertThat(err.toString())
                .startsWith(
                        "yuebing: model 'no/such' is neither a folder or GGUF file nor a repository that was fetched");
    }

    private int run(String... arguments) {
        CommandLine commandLine = Commands.of(new Terminal(false, false, 100));
        commandLine.setOut(new PrintWriter(out, true));
        commandLine.setErr(new PrintWriter(err, true));
        return commandLine.execute(arguments);
    }
}
