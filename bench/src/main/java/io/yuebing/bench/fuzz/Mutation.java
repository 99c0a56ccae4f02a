package io.yuebing.bench.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;

/** Damages a file: the way disks, broken downloads and people do, and where it hurts. */
final class Mutation {
    /** Headers come first in most formats, so half of all damage is done to this many bytes. */
    private static final int HEAD = 600;

    private static final int MOST_CHANGES = 4;
    private static final long[] EDGES = {
        0, 1, -1, 7, 64, 255, 65_536, 1L << 31, (1L << 31) - 1, 1L << 32, 1L << 40, Long.MAX_VALUE, Long.MIN_VALUE
    };
    private static final String TEXT = "0189-x\"[]{}:,.*(\\%e";
    private static final String[] VALUES = {
        "null", "true", "[]", "{}", "\"\"", "-1", "0", "1e400", "99999999999999999999", "2147483648", "\"\\u0000\""
    };

    private Mutation() {}

    /** A damaged copy; the same for the same state of {@code random}. */
    static byte[] of(byte[] valid, Random random) {
        byte[] mutated = valid.clone();
        for (int i = random.nextInt(MOST_CHANGES); i >= 0; i--) {
            mutated = change(mutated, random);
        }
        return mutated;
    }

    private static byte[] change(byte[] data, Random random) {
        if (data.length == 0) {
            return new byte[] {(byte) random.nextInt(256)};
        }
        int at = random.nextInt(random.nextBoolean() ? data.length : Math.min(data.length, HEAD));
        return switch (random.nextInt(9)) {
            case 0 -> Arrays.copyOf(data, at);
            case 1 -> flip(data, at, random);
            case 2 -> put(data, at, (byte) random.nextInt(256));
            case 3 -> put(data, at, (byte) TEXT.charAt(random.nextInt(TEXT.length())));
            case 4 -> edge(data, at, random);
            case 5 -> splice(data, at, Math.min(data.length, at + 1 + random.nextInt(64)), new byte[0]);
            case 6 -> splice(data, at, at, Arrays.copyOfRange(data, at, Math.min(data.length, at + 64)));
            case 7 -> number(data, at, random);
            default -> value(data, at, random);
        };
    }

    private static byte[] flip(byte[] data, int at, Random random) {
        return put(data, at, (byte) (data[at] ^ 1 << random.nextInt(8)));
    }

    private static byte[] put(byte[] data, int at, byte value) {
        data[at] = value;
        return data;
    }

    /** A binary number at the edge of what it may be, of 2, 4 or 8 bytes. */
    private static byte[] edge(byte[] data, int at, Random random) {
        long value = EDGES[random.nextInt(EDGES.length)];
        int bytes = 2 << random.nextInt(3);
        for (int i = 0; i < bytes && at + i < data.length; i++) {
            data[at + i] = (byte) (value >>> 8 * i);
        }
        return data;
    }

    /** The next decimal number becomes another one. */
    private static byte[] number(byte[] data, int from, Random random) {
        int at = from;
        while (at < data.length && (data[at] < '0' || data[at] > '9')) {
            at++;
        }
        int end = at;
        while (end < data.length && data[end] >= '0' && data[end] <= '9') {
            end++;
        }
        String value = random.nextBoolean()
                ? Long.toString(EDGES[random.nextInt(EDGES.length)])
                : Integer.toString(random.nextInt(300));
        return splice(data, at, end, value.getBytes(StandardCharsets.US_ASCII));
    }

    /** What follows the next colon becomes another value of JSON. */
    private static byte[] value(byte[] data, int from, Random random) {
        int at = from;
        while (at < data.length && data[at] != ':') {
            at++;
        }
        int end = Math.min(at + 1, data.length);
        while (end < data.length && data[end] != ',' && data[end] != '}') {
            end++;
        }
        String value = VALUES[random.nextInt(VALUES.length)];
        return splice(data, Math.min(at + 1, data.length), end, value.getBytes(StandardCharsets.US_ASCII));
    }

    private static byte[] splice(byte[] data, int from, int end, byte[] inserted) {
        byte[] result = new byte[from + inserted.length + data.length - end];
        System.arraycopy(data, 0, result, 0, from);
        System.arraycopy(inserted, 0, result, from, inserted.length);
        System.arraycopy(data, end, result, from + inserted.length, data.length - end);
        return result;
    }
}
