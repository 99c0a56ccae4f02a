package io.yuebing.dialect;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class Http2WatchTest {
    @Test
    void findsExactlyTheResetStreamsHoweverTheBytesAreCut() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        Http2Bytes sent = Http2Bytes.preface();
        Set<Integer> reset = new HashSet<>();
        for (int stream = 1; stream < 400; stream += 2) {
            byte[] data = new byte[random.nextInt(300)];
            Arrays.fill(data, (byte) Http2Bytes.RST_STREAM);
            sent.frame(Http2Bytes.DATA, 0, stream, data);
            if (random.nextInt(4) == 0) {
                sent.frame(Http2Bytes.RST_STREAM, 0, stream, (byte) 0, (byte) 0, (byte) 0, (byte) 8);
                reset.add(stream);
            }
        }
        Http2Watch watch = new Http2Watch();
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
        assertThat(watch.unfinished()).isFalse();
    }

    @Test
    void knowsAfterEveryByteWhetherTheClientHasFinishedWhatItBegan() {
        byte[] headers = Http2Bytes.request("/version");
        int[] ends = new int[4];
        Http2Bytes sent = Http2Bytes.preface();
        ends[0] = sent.toByteArray().length;
        sent.frame(Http2Bytes.SETTINGS, 0, 0);
        ends[1] = sent.toByteArray().length;
        sent.frame(Http2Bytes.HEADERS, Http2Bytes.END_STREAM, 1, headers)
                .frame(Http2Bytes.CONTINUATION, 0, 1)
                .frame(Http2Bytes.CONTINUATION, Http2Bytes.END_HEADERS, 1);
        ends[2] = sent.toByteArray().length;
        sent.frame(Http2Bytes.DATA, Http2Bytes.END_STREAM, 1, new byte[5]);
        byte[] all = sent.toByteArray();
        ends[3] = all.length;
        Http2Watch watch = new Http2Watch();
        for (int i = 0; i < all.length; i++) {
            watch.accept(new byte[] {all[i]});
            int sentSoFar = i + 1;
            assertThat(watch.unfinished())
                    .as("after byte %d", i)
                    .isEqualTo(Arrays.stream(ends).noneMatch(end -> end == sentSoFar));
            assertThat(watch.finished())
                    .as("after byte %d", i)
                    .isEqualTo(
                            Arrays.stream(ends).filter(end -> end <= sentSoFar).count());
        }
    }

    @Test
    void aClosedConnectionTakesAllStreamsWithIt() {
        Http2Watch watch = new Http2Watch();
        watch.closed();
        assertThat(watch.gone(1)).isTrue();
    }
}
