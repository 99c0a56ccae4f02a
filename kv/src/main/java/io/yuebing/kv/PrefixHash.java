package io.yuebing.kv;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * The identity of a full block's content: 32 bytes that depend on its tokens, on all tokens before them and on what else
 * the cache entry depends on.
 *
 * <p>Equal to vLLM's {@code sha256_cbor} block hashes under a fixed {@code PYTHONHASHSEED}
 * (vllm/v1/core/kv_cache_utils.py, {@code hash_block_tokens}), so caches and routers can be shared:
 *
 * <pre>
 * root    = SHA-256(CBOR(seed text))
 * block i = SHA-256(CBOR([hash of block i - 1, [token, token, ...], null or [extra key, ...]]))
 * </pre>
 *
 * CBOR is the canonical form of RFC 8949: every number in its shortest encoding.
 */
public record PrefixHash(long word0, long word1, long word2, long word3) {
    private static final int BYTES = 32;

    // CBOR major types, already shifted into the upper three bits of the initial byte.
    private static final int UNSIGNED = 0 << 5;
    private static final int BYTE_STRING = 2 << 5;
    private static final int TEXT = 3 << 5;
    private static final int ARRAY = 4 << 5;
    private static final byte NULL = (byte) 0xf6;

    /** The parent of every first block; {@code seed} is the text of vLLM's {@code PYTHONHASHSEED}. */
    public static PrefixHash root(String seed) {
        byte[] text = seed.getBytes(StandardCharsets.UTF_8);
        ByteBuffer out = ByteBuffer.allocate(text.length + 5);
        header(out, TEXT, text.length);
        out.put(text);
        return digest(out);
    }

    /**
     * The hash of the block that follows this one.
     *
     * @param tokens token ids, none negative; those at {@code from .. from + count - 1} fill the block
     * @param extraKeys what else the block's content depends on, such as the tenant's salt (first block only)
     */
    public PrefixHash child(int[] tokens, int from, int count, List<String> extraKeys) {
        List<byte[]> keys = extraKeys.stream()
                .map(key -> key.getBytes(StandardCharsets.UTF_8))
                .toList();
        int keyBytes = keys.stream().mapToInt(key -> key.length + 5).sum();
        ByteBuffer out = ByteBuffer.allocate(BYTES + 5 * count + keyBytes + 16);
        header(out, ARRAY, 3);
        header(out, BYTE_STRING, BYTES);
        out.put(bytes());
        header(out, ARRAY, count);
        for (int i = from; i < from + count; i++) {
            header(out, UNSIGNED, tokens[i]);
        }
        if (keys.isEmpty()) {
            out.put(NULL);
        } else {
            header(out, ARRAY, keys.size());
            for (byte[] key : keys) {
                header(out, TEXT, key.length);
                out.put(key);
            }
        }
        return digest(out);
    }

    /**
     * The identity of the same tokens' block in another {@link LayerGroup} of the model, which has other keys and values.
     *
     * @param group index of the group; the first one's is the hash itself
     */
    public PrefixHash inGroup(int group) {
        return group == 0 ? this : new PrefixHash(word0, word1, word2, word3 ^ group);
    }

    /** The 32 bytes. */
    public byte[] bytes() {
        return ByteBuffer.allocate(BYTES)
                .putLong(word0)
                .putLong(word1)
                .putLong(word2)
                .putLong(word3)
                .array();
    }

    /** The 32 bytes in hexadecimal. */
    @Override
    public String toString() {
        return HexFormat.of().formatHex(bytes());
    }

    /** Initial byte and argument of a CBOR item in the shortest form. */
    private static void header(ByteBuffer out, int majorType, int argument) {
        if (argument < 0) {
            throw new IllegalArgumentException("token id " + argument + " is negative");
        }
        if (argument < 24) {
            out.put((byte) (majorType | argument));
        } else if (argument < 1 << 8) {
            out.put((byte) (majorType | 24)).put((byte) argument);
        } else if (argument < 1 << 16) {
            out.put((byte) (majorType | 25)).putShort((short) argument);
        } else {
            out.put((byte) (majorType | 26)).putInt(argument);
        }
    }

    private static PrefixHash digest(ByteBuffer cbor) {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            sha256.update(cbor.flip());
            ByteBuffer hash = ByteBuffer.wrap(sha256.digest());
            return new PrefixHash(hash.getLong(), hash.getLong(), hash.getLong(), hash.getLong());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
