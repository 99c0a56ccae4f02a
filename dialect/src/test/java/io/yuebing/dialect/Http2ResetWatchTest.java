package io.yuebing.dialect;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class Http2ResetWatchTest {
    private static final int DATA = 0;
    private static final int RST_STREAM = 3;

    @Test
    void findsExactlyTheResetStreamsHoweverTheBytesAreCut() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        ByteArrayOutputStream sent = new ByteArrayOutputStream();
        sent.writeBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        Set<Integer> reset = new HashSet<>();
        for (int stream = 1; stream < 400; stream += 2) {
            byte[] data = new byte[random.nextInt(300)];
            Arrays.fill(data, (byte) RST_STREAM);
            frame(sent, DATA, stream, data);
            if (random.nextInt(4) == 0) {
                frame(sent, RST_STREAM, stream, new byte[] {0, 0, 0, 8});
                reset.add(stream);
            }
        }
        Http2ResetWatch watch = new Http2ResetWatch();
        byte[] all = sent.toByteArray();
        int at = 0;
        while (at < all.length) {
            int end = Math.min(all.length, at + 1 + random.nextInt(40));
            watch.accept(Arrays.copyOfRange(all, at, end));
            at = end;
        }
        for (int stream = 1; stream < 400; stream += 2) {
            assertThat(watch.gone(stream))
                    .as("stream %d, seed %d", stream, seed)
                    .isEqualTo(reset.contains(stream));
        }
    }

    @Test
    void aClosedConnectionTakesAllStreamsWithIt() {
        Http2ResetWatch watch = new Http2ResetWatch();
        watch.closed();
        assertThat(watch.gone(1)).isTrue();
    }

    private static void frame(ByteArrayOutputStream to, int type, int stream, byte[] payload) {
        to.writeBytes(new byte[] {
            (byte) (payload.length >> 16), (byte) (payload.length >> 8), (byte) payload.length, (byte) type, 0
        });
        to.writeBytes(new byte[] {(byte) (stream >> 24), (byte) (stream >> 16), (byte) (stream >> 8), (byte) stream});
        to.writeBytes(payload);
    }
}
