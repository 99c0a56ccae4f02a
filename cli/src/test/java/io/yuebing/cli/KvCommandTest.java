package io.yuebing.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class KvCommandTest {
    private static final String SIZES =
            "\"dtype\": \"bf16\", \"num_blocks\": 5, \"block_size\": 16, \"kv_heads\": 4, \"head_size\": 16";

    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private String volta = "";
    private String ampere = "";

    @BeforeEach
    void declareLayouts() throws IOException {
        volta = layout("volta.json", "paged_attention", SIZES);
        ampere = layout("ampere.json", "flashinfer_nhd", SIZES);
    }

    @Test
    void aVoltaCacheBecomesAFlashInferCacheByteForByte() throws IOException {
        Path to = folder.resolve("out.bin");
        assertThat(run("convert", "--from", volta, "--to", ampere, fixture("paged_attention.bf16.tp1.rank0"), to))
                .as(err.toString())
                .isZero();
        assertThat(to).hasBinaryContent(Files.readAllBytes(Path.of(fixture("flashinfer_nhd.bf16.tp1.rank0"))));
        assertThat(out.toString()).contains("converted 80 token slots", "paged_attention bf16 to flashinfer_nhd bf16");
    }

    @Test
    void ranksAreGatheredAndScattered() throws IOException {
        String tp2 = layout("tp2.json", "flash_attention_hnd", SIZES + ", \"tp\": 2");
        Path whole = folder.resolve("whole.bin");
        String first = fixture("flash_attn_hnd.bf16.tp2.rank0");
        String second = fixture("flash_attn_hnd.bf16.tp2.rank1");
        assertThat(run("convert", "--from", tp2, "--to", ampere, first, second, whole))
                .isZero();
        assertThat(whole).hasBinaryContent(Files.readAllBytes(Path.of(fixture("flashinfer_nhd.bf16.tp1.rank0"))));
        Path again = folder.resolve("again0.bin");
        Path another = folder.resolve("again1.bin");
        assertThat(run("convert", "--from", ampere, "--to", tp2, whole, again, another))
                .isZero();
        assertThat(another).hasBinaryContent(Files.readAllBytes(Path.of(second)));
    }

    @Test
    void whatIsNotWrittenKeepsItsBytes() throws IOException {
        Path to = folder.resolve("out.bin");
        byte[] before = new byte[20480];
        Arrays.fill(before, (byte) 7);
        Files.write(to, before);
        String from = fixture("paged_attention.bf16.tp1.rank0");
        assertThat(run(
                        "convert",
                        "--from",
                        volta,
                        "--to",
                        ampere,
                        "--blocks-from",
                        "4,0",
                        "--blocks-to",
                        "1-2",
                        "--tokens",
                        "20",
                        from,
                        to))
                .as(err.toString())
                .isZero();
        byte[] after = Files.readAllBytes(to);
        byte[] reference = Files.readAllBytes(Path.of(fixture("flashinfer_nhd.bf16.tp1.rank0")));
        assertThat(Arrays.copyOfRange(after, 4096, 8192)).isEqualTo(Arrays.copyOfRange(reference, 4 * 4096, 5 * 4096));
        assertThat(Arrays.copyOfRange(after, 8192, 8192 + 4 * 128))
                .isEqualTo(Arrays.copyOfRange(reference, 0, 4 * 128));
        assertThat(Arrays.copyOfRange(after, 8192 + 4 * 128, 8192 + 2048)).containsOnly(7);
        assertThat(Arrays.copyOfRange(after, 0, 4096)).containsOnly(7);
        assertThat(Arrays.copyOfRange(after, 12288, 20480)).containsOnly(7);
    }

    @Test
    void inspectShowsRangesUsedBlocksAndValues() {
        assertThat(run(
                        "inspect",
                        "--layout",
                        volta,
                        "--block",
                        "4",
                        "--head",
                        "1",
                        fixture("paged_attention.bf16.tp1.rank0")))
                .as(err.toString())
                .isZero();
        assertThat(out.toString())
                .contains("layout      paged_attention, bf16, x packed")
                .contains("bytes       20480 (20.0 KiB) in 1 file, as described")
                .contains("blocks      5: 4 used (0-1, 3-4), 1 zero (2)")
                .containsPattern("0 +key +-?\\d")
                .contains("values      layer 0, block 4, KV head 1, token 0")
                .contains("... (16 channels)");
    }

    @Test
    void mistakesAreOneSentenceThatNamesBothSides() throws IOException {
        String in = fixture("paged_attention.bf16.tp1.rank0");
        Path to = folder.resolve("out.bin");
        String wider = layout("wider.json", "flashinfer_nhd", SIZES.replace("\"head_size\": 16", "\"head_size\": 32"));
        assertMistake(
                "yuebing: the layouts do not hold the same cache: head size: 16 in " + volta + ", 32 in " + wider,
                "convert",
                "--from",
                volta,
                "--to",
                wider,
                in,
                to);
        assertMistake(
                "yuebing: " + in + " has 20480 bytes, but " + wider + " describes 40960: layer 1 x block 5 x kv 2",
                "inspect",
                "--layout",
                wider,
                in);
        String half = layout("half.json", "native", SIZES.replace("bf16", "f16"));
        assertMistake(
                "element type (would round): bf16 in " + volta + ", f16 in " + half + "; --allow-rounding converts it",
                "convert",
                "--from",
                volta,
                "--to",
                half,
                in,
                to);
        assertMistake(
                "yuebing: " + layout("odd.json", "native", SIZES + ", \"colour\": 1")
                        + ": a KV layout with the unknown field 'colour'",
                "inspect",
                "--layout",
                folder.resolve("odd.json"),
                in);
        assertMistake("is also an input; name another file", "convert", "--from", volta, "--to", ampere, in, in);
        assertMistake(
                "expected 1 input file for " + volta + " and 1 output file for " + ampere + ", got 1 file",
                "convert",
                "--from",
                volta,
                "--to",
                ampere,
                in);
        assertMistake(
                "--blocks-from: there is no block 9 in " + volta + ", num_blocks is 5",
                "convert",
                "--from",
                volta,
                "--to",
                ampere,
                "--blocks-from",
                "9",
                in,
                to);
        assertThat(to).doesNotExist();
    }

    private void assertMistake(String sentence, Object... arguments) {
        err.getBuffer().setLength(0);
        assertThat(run(arguments)).isEqualTo(2);
        assertThat(err.toString().lines()).hasSize(1);
        assertThat(err.toString()).contains(sentence);
    }

    private String layout(String name, String known, String fields) throws IOException {
        return Files.writeString(folder.resolve(name), "{\"layout\": \"" + known + "\", " + fields + "}")
                .toString();
    }

    private String fixture(String name) {
        Path file = folder.resolve(name + ".bin");
        try (InputStream in =
                Objects.requireNonNull(KvCommandTest.class.getResourceAsStream("/kv_layout/" + name + ".bin"), name)) {
            Files.write(file, in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return file.toString();
    }

    private int run(Object... arguments) {
        CommandLine commandLine = Commands.of(new Terminal(false, false, 100));
        commandLine.setOut(new PrintWriter(out, true));
        commandLine.setErr(new PrintWriter(err, true));
        String[] all = new String[arguments.length + 1];
        all[0] = "kv";
        for (int i = 0; i < arguments.length; i++) {
            all[i + 1] = arguments[i].toString();
        }
        return commandLine.execute(all);
    }
}
