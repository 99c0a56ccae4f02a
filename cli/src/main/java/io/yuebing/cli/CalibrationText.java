package io.yuebing.cli;

import io.yuebing.api.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Text to calibrate with.
 *
 * @param origin where it comes from, for people
 */
record CalibrationText(String origin, String text) {
    /** Far more than calibration uses. */
    private static final long MAX_BYTES = 64L << 20;

    /**
     * Reads a file.
     *
     * @throws UserError if it cannot be read, is too large or is not text in UTF-8
     */
    static CalibrationText read(Path file) {
        try {
            long size = Files.size(file);
            if (size > MAX_BYTES) {
                throw new UserError(
                        file + " has " + size + " bytes, expected at most " + MAX_BYTES + "; give a part of it");
            }
            return new CalibrationText(file.toString(), decode(file, Files.readAllBytes(file)));
        } catch (NoSuchFileException e) {
            throw new UserError("the calibration text " + file + " does not exist", e);
        } catch (IOException e) {
            throw new UserError("cannot read the calibration text " + file + ": " + e.getMessage(), e);
        }
    }

    private static String decode(Path file, byte[] bytes) {
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CharBuffer out = CharBuffer.allocate(bytes.length + 1);
        CoderResult result = decoder.decode(in, out, true);
        String text = out.flip().toString();
        boolean zero = text.indexOf('\0') >= 0;
        if (result.isError() || zero) {
            int at = result.isError()
                    ? in.position()
                    : text.substring(0, text.indexOf('\0')).getBytes(StandardCharsets.UTF_8).length;
            throw new UserError(String.format(
                    Locale.ROOT,
                    "%s is not text in UTF-8: byte 0x%02X at offset %d; give a plain text file",
                    file,
                    bytes[at],
                    at));
        }
        return text;
    }

    /**
     * Yuebing's documentation: English, Chinese, tables and code.
     *
     * @throws UserError if it is not installed with the program
     */
    static CalibrationText documentation() {
        String home = System.getProperty("yuebing.home");
        if (home == null) {
            throw new UserError("there is no text to calibrate with; give one with --calibration FILE.txt");
        }
        StringBuilder text = new StringBuilder();
        try {
            for (Path file : documents(Path.of(home))) {
                text.append(Files.readString(file)).append('\n');
            }
        } catch (IOException e) {
            throw new UserError(
                    "cannot read Yuebing's documentation in " + home + ": " + e.getMessage()
                            + "; give a text with --calibration FILE.txt",
                    e);
        }
        return new CalibrationText("Yuebing's documentation", text.toString());
    }

    private static List<Path> documents(Path home) throws IOException {
        List<Path> documents = new ArrayList<>();
        for (Path folder : List.of(home, home.resolve("docs"))) {
            if (Files.isDirectory(folder)) {
                try (Stream<Path> files = Files.list(folder)) {
                    files.filter(file -> file.getFileName().toString().endsWith(".md"))
                            .sorted()
                            .forEach(documents::add);
                }
            }
        }
        return documents;
    }
}
