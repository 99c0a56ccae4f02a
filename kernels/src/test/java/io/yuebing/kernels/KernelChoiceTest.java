package io.yuebing.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.kernels.KernelChoice.Offer;
import io.yuebing.kernels.KernelChoice.Set;
import org.junit.jupiter.api.Test;

class KernelChoiceTest {
    private static final String SERVER = "mixed mode, sharing";
    private static final Offer EVERYTHING = new Offer(true, "", true, SERVER);
    private static final Offer NO_NATIVE = new Offer(false, "no compiler", true, SERVER);

    @Test
    void nativeLoopsGoBeforeVectorsAndVectorsBeforePlainLoops() {
        assertThat(KernelChoice.choose("auto", EVERYTHING).set()).isEqualTo(Set.NATIVE);
        assertThat(KernelChoice.choose("auto", NO_NATIVE).set()).isEqualTo(Set.JAVA);
        assertThat(KernelChoice.choose("auto", new Offer(false, "no compiler", false, SERVER))
                        .set())
                .isEqualTo(Set.SCALAR);
    }

    @Test
    void everyFallbackSaysWhy() {
        assertThat(KernelChoice.choose("native", NO_NATIVE).why()).isEqualTo("no compiler");
        assertThat(KernelChoice.choose("auto", new Offer(false, "no compiler", false, SERVER))
                        .why())
                .startsWith("no compiler; ")
                .contains("jdk.incubator.vector");
        assertThat(KernelChoice.choose("auto", new Offer(false, "", true, "interpreted mode"))
                        .why())
                .contains("only interprets (interpreted mode)");
        assertThat(KernelChoice.choose("auto", new Offer(false, "", true, "mixed mode, emulated-client, sharing"))
                        .why())
                .contains("without its optimising compiler");
    }

    @Test
    void aWishIsHeard() {
        assertThat(KernelChoice.choose("scalar", EVERYTHING).set()).isEqualTo(Set.SCALAR);
        assertThat(KernelChoice.choose("java", new Offer(false, "", true, "interpreted mode"))
                        .set())
                .isEqualTo(Set.JAVA);
        assertThat(KernelChoice.choose("java", new Offer(false, "", false, SERVER))
                        .set())
                .isEqualTo(Set.SCALAR);
    }

    @Test
    void theDescriptionNamesTheLoops() {
        assertThat(KernelChoice.describe()).containsAnyOf("native", "SIMD", "scalar loops, slow: ");
    }
}
