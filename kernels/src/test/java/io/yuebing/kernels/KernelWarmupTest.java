package io.yuebing.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KernelWarmupTest {

    @AfterEach
    void chosenLoopsAgain() {
        Kernels.Active.now = Kernels.Active.CHOSEN;
    }

    @Test
    void theChangeFromPlainToVectorLoopsShowsInNoBit() {
        Random random = new Random(7);
        byte[] codes = new byte[256 * 70];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (byte) random.nextInt(16);
        }
        float[] scales = new float[2 * 70];
        Arrays.fill(scales, 0.01f);
        QuantizedWeights weights =
                new QuantizedWeights(70, 256, 4, 128, CodeBands.of(codes, 70), scales, new byte[2 * 70], new int[0]);
        float[] x = new float[3 * 256];
        for (int i = 0; i < x.length; i++) {
            x[i] = random.nextFloat() - 0.5f;
        }
        try (Arena arena = Arena.ofShared();
                WorkerPool pool = WorkerPool.create(2)) {
            KernelWarmup.beginPlain();
            Linear matrix = Linears.quantized(weights, new float[0], ComputeMode.INT8, arena);
            float[] before = new float[3 * 70];
            matrix.apply(x, 3, before, pool);
            assertThat(KernelWarmup.warmUp()).isNotNegative();
            assertThat(Kernels.active()).isSameAs(Kernels.Active.CHOSEN);
            float[] after = new float[3 * 70];
            matrix.apply(x, 3, after, pool);
            assertThat(after).isEqualTo(before);
            assertThat(before).isNotEqualTo(new float[3 * 70]);
        }
    }
}
