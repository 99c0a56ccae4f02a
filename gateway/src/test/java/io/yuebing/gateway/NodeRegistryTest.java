package io.yuebing.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.GenerationDefaults;
import io.yuebing.api.ModelInfo;
import io.yuebing.api.NodeInfo;
import io.yuebing.api.NodeRole;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class NodeRegistryTest {
    private Instant now = Instant.EPOCH;
    private final NodeRegistry registry = new NodeRegistry(() -> now, Duration.ofSeconds(4));

    @Test
    void aNodeLivesAsLongAsItsHeartbeatsCome() {
        NodeInfo node = Nodes.prefill(1);
        registry.seen(node);
        now = now.plusSeconds(3);
        registry.seen(node);
        now = now.plusSeconds(3);
        assertThat(registry.live()).containsExactly(node);
        now = now.plusSeconds(2);
        assertThat(registry.live()).isEmpty();
    }

    @Test
    void aLostNodeComesBackWithItsNextHeartbeat() {
        NodeInfo node = Nodes.decode(1);
        registry.seen(node);
        registry.lost(node, "connection reset");
        assertThat(registry.live()).isEmpty();
        registry.seen(node);
        assertThat(registry.live()).containsExactly(node);
    }

    @Test
    void aRestartedNodeReplacesItsFormerInstance() {
        registry.seen(Nodes.decode(1));
        NodeInfo again = new NodeInfo("another", Nodes.decode(1).uri(), NodeRole.DECODE, Nodes.MODEL);
        registry.seen(again);
        assertThat(registry.live()).containsExactly(again);
    }

    @Test
    void aNodeWithAnotherModelIsRefusedWithBothNames() {
        registry.seen(Nodes.decode(1));
        ModelInfo other = new ModelInfo("other", 4096, 2048, List.of(1), GenerationDefaults.NONE, "beef");
        NodeInfo stranger = new NodeInfo("x", URI.create("http://127.0.0.1:9"), NodeRole.PREFILL, other);
        assertThatThrownBy(() -> registry.seen(stranger))
                .hasMessageContaining("'other'")
                .hasMessageContaining("'demo'")
                .hasMessageContaining("beef")
                .hasMessageContaining("f00d");
        assertThat(registry.live()).hasSize(1);
    }

    @Test
    void anotherModelMayTakeOverWhenNoNodeIsLeft() {
        registry.seen(Nodes.decode(1));
        now = now.plusSeconds(10);
        ModelInfo other = new ModelInfo("other", 4096, 2048, List.of(1), GenerationDefaults.NONE, "beef");
        registry.seen(new NodeInfo("x", URI.create("http://127.0.0.1:9"), NodeRole.PREFILL, other));
        assertThat(registry.model()).contains(other);
    }
}
