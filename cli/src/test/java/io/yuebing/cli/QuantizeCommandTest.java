package io.yuebing.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What a person is told who asks for what cannot be. */
class QuantizeCommandTest {
    private static final String DEMO = Path.of("..", "models", "demo").toString();

    @TempDir
    private Path dir;

    private final StringWriter err = new StringWriter();

    @Test
    void anUnknownMethodIsNamedWithTheKnownOnes() {
        refused(
                "--method 'awq' is not supported; supported: gptq-int4, gptq-int8",
                DEMO,
                "--method",
                "awq",
                "--out",
                out());
    }

    @Test
    void aCalibrationFileThatIsNoTextIsNamedWithItsOffset() throws IOException {
        Path file = Files.write(dir.resolve("photo.txt"), new byte[] {'h', 'i', (byte) 0xFF, (byte) 0xD8});
        refused(
                file + " is not text in UTF-8: byte 0xFF at offset 2; give a plain text file",
                "--calibration",
                file.toString());
        Files.write(file, new byte[] {'h', 'i', '!', 0});
        refused(
                file + " is not text in UTF-8: byte 0x00 at offset 3; give a plain text file",
                "--calibration",
                file.toString());
    }

    @Test
    void aCalibrationFileThatIsTooShortSaysHowLongItMustBe() throws IOException {
        Path file = Files.writeString(dir.resolve("short.txt"), "Hello, world.");
        refused(
                file
                        + " has 4 tokens, expected at least 1024 for two sequences, one to calibrate with and one to measure"
                        + " with; give a longer text or a smaller --sequence-length",
                "--calibration",
                file.toString());
    }

    @Test
    void aCalibrationFileThatDoesNotExistIsNamed() {
        refused("the calibration text no/such.txt does not exist", "--calibration", "no/such.txt");
    }

    @Test
    void anOutputThatExistsIsLeftAlone() throws IOException {
        Files.createDirectory(dir.resolve("out"));
        refused("--out " + out() + " exists already; remove it or name another folder");
        assertThat(dir.resolve("out")).isEmptyDirectory();
    }

    @Test
    void aGroupSizeThatFitsNoPackingIsRefused() {
        refused(
                "the group size must be a multiple of 8, or -1 for one scale for all inputs, got 12",
                "--group-size",
                "12");
    }

    @Test
    void aModelThatIsQuantisedAlreadyIsRefused() throws IOException {
        Path file = Files.writeString(dir.resolve("long.txt"), "Hello, world. ".repeat(200));
        refused(
                DEMO
                        + " is quantised already (gptq 4 bit, group 128, symmetric); quantising needs float weights (f32, f16,"
                        + " bf16)",
                "--calibration",
                file.toString(),
                "--sequence-length",
                "64");
        assertThat(dir).isDirectoryNotContaining(path -> path.toString().contains("out"));
    }

    private String out() {
        return dir.resolve("out").toString();
    }

    private void refused(String sentence, String... options) {
        CommandLine command = Commands.of(new Terminal(false, false, 100));
        err.getBuffer().setLength(0);
        command.setErr(new PrintWriter(err, true));
        command.setOut(new PrintWriter(new StringWriter(), true));
        List<String> arguments = new ArrayList<>(List.of("quantize"));
        List<String> given = List.of(options);
        if (!given.contains("--method")) {
            arguments.addAll(List.of(DEMO, "--method", "gptq-int4", "--out", out()));
        }
        arguments.addAll(given);
        assertThat(command.execute(arguments.toArray(String[]::new))).isEqualTo(2);
        assertThat(err.toString().lines()).containsExactly("yuebing: " + sentence);
    }
}
