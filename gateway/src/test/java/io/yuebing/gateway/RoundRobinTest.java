package io.yuebing.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.api.NodeInfo;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RoundRobinTest {
    private final RoundRobin policy = new RoundRobin();

    @Test
    void pairsEveryPrefillNodeWithDecodeNodesInTurn() {
        List<NodeInfo> live =
                List.of(Nodes.prefill(1), Nodes.prefill(2), Nodes.decode(3), Nodes.decode(4), Nodes.decode(5));
        Set<Plan> plans = new HashSet<>();
        for (int i = 0; i < 6; i++) {
            plans.add(policy.next(live, Set.of()).orElseThrow());
        }
        assertThat(plans).hasSize(6).allMatch(plan -> plan instanceof Plan.Disaggregated);
    }

    @Test
    void nodesOfBothRolesServeAloneWhenNobodyIsDedicated() {
        List<NodeInfo> live = List.of(Nodes.both(1), Nodes.both(2));
        assertThat(policy.next(live, Set.of())).contains(new Plan.Aggregated(Nodes.both(1), false));
        assertThat(policy.next(live, Set.of())).contains(new Plan.Aggregated(Nodes.both(2), false));
    }

    @Test
    void nodesOfBothRolesStandInForAMissingRole() {
        assertThat(policy.next(List.of(Nodes.prefill(1), Nodes.both(2)), Set.of()))
                .contains(new Plan.Disaggregated(Nodes.prefill(1), Nodes.both(2)));
        assertThat(policy.next(List.of(Nodes.decode(1), Nodes.both(2)), Set.of()))
                .contains(new Plan.Disaggregated(Nodes.both(2), Nodes.decode(1)));
    }

    @Test
    void aLoneRoleServesAggregatedAndSaysSo() {
        assertThat(policy.next(List.of(Nodes.prefill(1)), Set.of()))
                .contains(new Plan.Aggregated(Nodes.prefill(1), true));
        assertThat(policy.next(List.of(Nodes.decode(1)), Set.of()))
                .contains(new Plan.Aggregated(Nodes.decode(1), true));
    }

    @Test
    void nodesThatFailedOnTheRequestAreLeftOut() {
        List<NodeInfo> live = List.of(Nodes.prefill(1), Nodes.decode(2), Nodes.decode(3));
        for (int i = 0; i < 5; i++) {
            assertThat(policy.next(live, Set.of("instance-2")))
                    .contains(new Plan.Disaggregated(Nodes.prefill(1), Nodes.decode(3)));
        }
        assertThat(policy.next(live, Set.of("instance-1", "instance-2", "instance-3")))
                .isEmpty();
    }

    @Test
    void completeNeedsBothRoles() {
        assertThat(RoundRobin.complete(List.of())).isFalse();
        assertThat(RoundRobin.complete(List.of(Nodes.prefill(1)))).isFalse();
        assertThat(RoundRobin.complete(List.of(Nodes.decode(1)))).isFalse();
        assertThat(RoundRobin.complete(List.of(Nodes.both(1)))).isTrue();
        assertThat(RoundRobin.complete(List.of(Nodes.prefill(1), Nodes.decode(2))))
                .isTrue();
    }
}
