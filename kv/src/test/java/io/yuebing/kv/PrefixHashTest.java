package io.yuebing.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Golden values from Python: {@code hashlib.sha256(cbor).digest()} over hand-encoded canonical CBOR, as vLLM's
 * {@code sha256_cbor} computes them.
 */
class PrefixHashTest {
    /** One token at each edge of CBOR's integer encodings. */
    private static final int[] EDGES = {
        0, 1, 23, 24, 255, 256, 65535, 65536, 151643, Integer.MAX_VALUE, 7, 8, 9, 10, 11, 12
    };

    private static final int[] SECOND = IntStream.range(100, 116).toArray();

    @Test
    void rootIsTheHashOfTheSeedText() {
        assertThat(PrefixHash.root("0"))
                .hasToString("4e1195df020de59e0d65a33a4279f1183e7ae4e5d980e309f8b55adff2e61c3e");
        assertThat(PrefixHash.root("42"))
                .hasToString("9fa6eb003f14425eb9c8e6baacfbcaab26257357b829c7bfa74ffcc4f31c1780");
        assertThat(PrefixHash.root("月饼"))
                .hasToString("5553e1eb979a0f81e2df9995a12d5e173815d9bcc2aa6e6ea7960290f2deb81a");
    }

    @Test
    void chainEqualsVllms() {
        PrefixHash first = PrefixHash.root("0").child(EDGES, 0, 16, List.of());
        assertThat(first).hasToString("086d42916b9b27abb5ae099ed1f05da4c410353d59ed7270baa150d2b35ddcf9");
        assertThat(first.child(SECOND, 0, 16, List.of()))
                .hasToString("9538841e4e8c93b4c1795fb74ce5d84135120dd4a6f93806cff979db7ab50062");
    }

    @Test
    void saltOfTheFirstBlockReachesAllFollowing() {
        PrefixHash first = PrefixHash.root("0").child(EDGES, 0, 16, List.of("tenant-a"));
        assertThat(first).hasToString("72ce861981942ef2d06d35d502355a74630dd3c6c0b5c87461a9336ee6fe66c3");
        assertThat(first.child(SECOND, 0, 16, List.of()))
                .hasToString("d74892f39014139eb5d7fde02677c85654282d572cf28fa505393ce69be14e5a");
    }

    @Test
    void longSaltsAndOtherBlockSizesEqualVllms() {
        int[] tokens = IntStream.range(0, 32).toArray();
        assertThat(PrefixHash.root("0").child(tokens, 0, 32, List.of("x".repeat(300))))
                .hasToString("265fa672cf02d09c185d738f71837e8e0680e36ae24b869241e4a002077ac759");
    }

    @Test
    void onlyTheTokensOfTheBlockCount() {
        int[] shifted = new int[20];
        System.arraycopy(EDGES, 0, shifted, 4, 16);
        PrefixHash root = PrefixHash.root("0");
        assertThat(root.child(shifted, 4, 16, List.of())).isEqualTo(root.child(EDGES, 0, 16, List.of()));
    }

    @Test
    void negativeTokensAreRefused() {
        PrefixHash root = PrefixHash.root("0");
        assertThatThrownBy(() -> root.child(new int[] {-1}, 0, 1, List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("token id -1 is negative");
    }
}
