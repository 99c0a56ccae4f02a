package io.yuebing.transfer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * How peers prove that they know a secret which does not travel.
 *
 * <pre>
 *   proof = HMAC-SHA256(secret, role | SHA-256(HELLO frame) | owner's nonce)
 * </pre>
 *
 * HELLO holds the caller's nonce, so neither side can be answered with an older proof; the role keeps one side's proof
 * from being sent back as the other's.
 */
final class HandshakeProof {
    enum Role {
        OWNER("yuebing transfer owner"),
        CALLER("yuebing transfer caller");

        private final byte[] label;

        Role(String label) {
            this.label = label.getBytes(StandardCharsets.US_ASCII);
        }
    }

    private static final SecureRandom RANDOM = new SecureRandom();

    private HandshakeProof() {}

    static byte[] nonce() {
        byte[] nonce = new byte[FrameDescriptor.NONCE_BYTES];
        RANDOM.nextBytes(nonce);
        return nonce;
    }

    static byte[] prove(TransferSecurity.SharedSecret secret, Role role, Frame.Hello hello, byte[] ownerNonce) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            ByteBuffer frame = FrameCodec.encode(hello);
            digest.update(frame);
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret.secret(), "HmacSHA256"));
            mac.update(role.label);
            mac.update(digest.digest());
            return mac.doFinal(ownerNonce);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has SHA-256 and HmacSHA256", e);
        }
    }

    /** In a time that does not tell how much of it is right. */
    static boolean same(byte[] expected, byte[] found) {
        return MessageDigest.isEqual(expected, found);
    }
}
