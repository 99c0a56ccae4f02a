package io.yuebing.text;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * The Hugging Face {@code tokenizers} library behind its JNI entry points.
 *
 * <p>DJL's {@code HuggingFaceTokenizer} is passed over on purpose: it calls home, truncates at 512 tokens unless told
 * otherwise, and copies eight arrays besides the ids. The library itself is thread-safe; the lock here only keeps
 * {@link #close()} from freeing what a call still uses.
 */
final class NativeTokenizer implements AutoCloseable {
    private final ReadWriteLock lock = new ReentrantReadWriteLock();
    private long handle;

    private NativeTokenizer(long handle) {
        this.handle = handle;
    }

    /**
     * Reads a whole {@code tokenizer.json}.
     *
     * @throws RuntimeException with the library's reason if the text is not a tokenizer
     * @throws io.yuebing.api.UserError if the library does not run on this machine
     */
    static NativeTokenizer parse(String json) {
        NativeLibrary.load();
        long handle = TokenizersLibrary.LIB.createTokenizerFromString(json);
        TokenizersLibrary.LIB.disableTruncation(handle);
        TokenizersLibrary.LIB.disablePadding(handle);
        return new NativeTokenizer(handle);
    }

    int[] encode(String text, boolean addSpecialTokens) {
        lock.readLock().lock();
        try {
            long encoding = TokenizersLibrary.LIB.encode(open(), paired(text), addSpecialTokens);
            try {
                return toInts(TokenizersLibrary.LIB.getTokenIds(encoding));
            } finally {
                TokenizersLibrary.LIB.deleteEncoding(encoding);
            }
        } finally {
            lock.readLock().unlock();
        }
    }

    @Override
    public void close() {
        lock.writeLock().lock();
        try {
            if (handle != 0) {
                TokenizersLibrary.LIB.deleteTokenizer(handle);
                handle = 0;
            }
        } finally {
            lock.writeLock().unlock();
        }
    }

    private long open() {
        if (handle == 0) {
            throw new IllegalStateException("this tokenizer is closed");
        }
        return handle;
    }

    /** Lone surrogates have no UTF-8; the JNI layer would garble the whole text because of one. */
    private static String paired(String text) {
        StringBuilder repaired = null;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!Character.isSurrogate(c)) {
                continue;
            }
            if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
                continue;
            }
            if (repaired == null) {
                repaired = new StringBuilder(text);
            }
            repaired.setCharAt(i, Utf8Decoder.REPLACEMENT);
        }
        return repaired == null ? text : repaired.toString();
    }

    private static int[] toInts(long[] wide) {
        int[] ids = new int[wide.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = Math.toIntExact(wide[i]);
        }
        return ids;
    }
}
