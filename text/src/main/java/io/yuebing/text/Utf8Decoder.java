package io.yuebing.text;

/**
 * Bytes to text as they arrive: holds back an incomplete character, and replaces what can no longer become one.
 *
 * <p>Every maximal prefix of a well-formed character that breaks off becomes one U+FFFD (Unicode standard, chapter 3,
 * "U+FFFD substitution of maximal subparts"), as in Rust's {@code from_utf8_lossy}. Java's own decoder differs: it
 * makes one U+FFFD of an encoded surrogate where the rule gives three.
 */
final class Utf8Decoder {
    static final char REPLACEMENT = '\uFFFD';

    private int codePoint;
    /** Continuation bytes still missing; 0 between characters. */
    private int missing;
    /** Range of the next continuation byte: narrower than 80..BF after E0, ED, F0 and F4. */
    private int lowest;

    private int highest;

    void append(byte[] bytes, StringBuilder out) {
        for (byte b : bytes) {
            append(b & 0xFF, out);
        }
    }

    private void append(int b, StringBuilder out) {
        if (missing > 0) {
            if (b >= lowest && b <= highest) {
                continueWith(b, out);
                return;
            }
            finish(out);
        }
        start(b, out);
    }

    private void continueWith(int b, StringBuilder out) {
        codePoint = codePoint << 6 | b & 0x3F;
        lowest = 0x80;
        highest = 0xBF;
        if (--missing == 0) {
            out.appendCodePoint(codePoint);
        }
    }

    private void start(int b, StringBuilder out) {
        if (b < 0x80) {
            out.append((char) b);
        } else if (b >= 0xC2 && b <= 0xDF) {
            expect(1, b & 0x1F, 0x80, 0xBF);
        } else if (b >= 0xE0 && b <= 0xEF) {
            expect(2, b & 0x0F, b == 0xE0 ? 0xA0 : 0x80, b == 0xED ? 0x9F : 0xBF);
        } else if (b >= 0xF0 && b <= 0xF4) {
            expect(3, b & 0x07, b == 0xF0 ? 0x90 : 0x80, b == 0xF4 ? 0x8F : 0xBF);
        } else {
            out.append(REPLACEMENT);
        }
    }

    private void expect(int bytes, int bits, int from, int to) {
        missing = bytes;
        codePoint = bits;
        lowest = from;
        highest = to;
    }

    /** Ends the text: an incomplete character becomes U+FFFD. */
    void finish(StringBuilder out) {
        if (missing > 0) {
            missing = 0;
            out.append(REPLACEMENT);
        }
    }
}
