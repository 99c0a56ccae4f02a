package io.yuebing.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class VectorSupportTest {
    private static final String SERVER = "mixed mode, sharing";

    @Test
    void vectorsAreTheOrdinaryChoice() {
        assertThat(VectorSupport.choose("", SERVER, true)).isEqualTo(new VectorSupport.Choice(true, ""));
    }

    @Test
    void everyFallbackSaysWhy() {
        assertThat(VectorSupport.choose("", SERVER, false).why()).contains("jdk.incubator.vector");
        assertThat(VectorSupport.choose("", "interpreted mode", true))
                .isEqualTo(new VectorSupport.Choice(false, "the virtual machine only interprets (interpreted mode)"));
        assertThat(VectorSupport.choose("", "mixed mode, emulated-client, sharing", true))
                .isEqualTo(new VectorSupport.Choice(
                        false,
                        "the virtual machine runs without its optimising compiler"
                                + " (mixed mode, emulated-client, sharing)"));
    }

    @Test
    void thePropertyForcesTheChoice() {
        assertThat(VectorSupport.choose("scalar", SERVER, true).vectors()).isFalse();
        assertThat(VectorSupport.choose("java", "interpreted mode", true).vectors())
                .isTrue();
        assertThat(VectorSupport.choose("java", SERVER, false).vectors()).isFalse();
    }

    @Test
    void anUnknownWishIsNamed() {
        assertThat(VectorSupport.choose("fast", SERVER, true))
                .isEqualTo(new VectorSupport.Choice(
                        true, "yuebing.kernels=fast is neither scalar nor java and was ignored"));
    }

    @Test
    void theDescriptionNamesWidthOrFallback() {
        if (VectorSupport.active()) {
            assertThat(VectorSupport.describe()).startsWith(VectorSupport.bits() + "-bit SIMD");
        } else {
            assertThat(VectorSupport.describe()).startsWith("scalar loops, slow: ");
        }
    }
}
