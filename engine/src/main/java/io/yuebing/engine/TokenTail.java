package io.yuebing.engine;

/** The last tokens of an output, as many as somebody compares with. */
final class TokenTail {
    private final int[] tokens;
    private int size;

    /** @param most how many tokens are kept */
    TokenTail(int most) {
        tokens = new int[most];
    }

    void add(int id) {
        if (size < tokens.length) {
            tokens[size++] = id;
        } else if (size > 0) {
            System.arraycopy(tokens, 1, tokens, 0, size - 1);
            tokens[size - 1] = id;
        }
    }

    void clear() {
        size = 0;
    }

    /** Whether the output ends with the first {@code count} ids of {@code sequence}. */
    boolean endsWith(int[] sequence, int count) {
        if (count > size) {
            return false;
        }
        for (int i = 0; i < count; i++) {
            if (tokens[size - count + i] != sequence[i]) {
                return false;
            }
        }
        return true;
    }
}
