package io.yuebing.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.GenerationDefaults;
import io.yuebing.api.ModelInfo;
import io.yuebing.api.NodeInfo;
import io.yuebing.api.NodeRole;
import io.yuebing.api.NodeState;
import io.yuebing.dialect.NodeWire.MissingNode;
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
        assertThat(registry.missing())
                .singleElement()
                .satisfies(missing -> assertThat(missing.why()).contains("'other'"));
    }

    @Test
    void nodesThatVanishAreRememberedUntilTheyComeBackOrAnHourHasPassed() {
        NodeInfo killed = Nodes.prefill(1);
        NodeInfo drained = Nodes.decode(2);
        URI named = URI.create("http://127.0.0.1:9");
        registry.seen(killed);
        registry.seen(drained);
        registry.seen(drained.withState(NodeState.DRAINING));
        registry.absent(named, "nothing listens there");
        now = now.plusSeconds(5);
        assertThat(registry.missing())
                .containsExactly(
                        new MissingNode("node 127.0.0.1:9", "nothing listens there", 0),
                        new MissingNode(killed.label(), "no heartbeat for 4000 ms", 5000));
        registry.seen(killed);
        now = now.plusSeconds(3);
        registry.absent(named, "request timed out");
        assertThat(registry.missing())
                .as("the first reason stays")
                .containsExactly(new MissingNode("node 127.0.0.1:9", "nothing listens there", 0));
        registry.lost(killed, "connection reset");
        now = now.plus(Duration.ofHours(1)).plusSeconds(1);
        assertThat(registry.missing()).isEmpty();
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
