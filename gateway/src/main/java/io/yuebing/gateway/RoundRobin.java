package io.yuebing.gateway;

import io.yuebing.api.NodeInfo;
import io.yuebing.api.NodeRole;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Chooses nodes in turn.
 *
 * <p>Nodes of role prefill and decode are paired; nodes of role both stand in for a role that has no node of its own, and
 * serve alone when neither has. Pure logic: the caller passes in who lives. Not thread-safe; the caller synchronises.
 */
final class RoundRobin {
    private long turn;

    /**
     * The next plan.
     *
     * @param live all live nodes, in a stable order
     * @param excluded instance ids that this request has already failed on
     * @return empty if no node is left
     */
    Optional<Plan> next(List<NodeInfo> live, Set<String> excluded) {
        List<NodeInfo> usable = live.stream()
                .filter(node -> !excluded.contains(node.instanceId()))
                .toList();
        List<NodeInfo> prefills = withRole(usable, NodeRole.PREFILL);
        List<NodeInfo> decodes = withRole(usable, NodeRole.DECODE);
        List<NodeInfo> boths = withRole(usable, NodeRole.BOTH);
        long thisTurn = turn++;
        if (prefills.isEmpty() && decodes.isEmpty()) {
            return boths.isEmpty() ? Optional.empty() : Optional.of(new Plan.Aggregated(pick(boths, thisTurn), false));
        }
        List<NodeInfo> prefillSide = prefills.isEmpty() ? boths : prefills;
        List<NodeInfo> decodeSide = decodes.isEmpty() ? boths : decodes;
        if (!prefillSide.isEmpty() && !decodeSide.isEmpty()) {
            return Optional.of(new Plan.Disaggregated(pick(prefillSide, thisTurn), pick(decodeSide, thisTurn)));
        }
        return Optional.of(new Plan.Aggregated(pick(usable, thisTurn), true));
    }

    /** Whether the live nodes can serve requests the way the cluster is meant to. */
    static boolean complete(List<NodeInfo> live) {
        return any(live, node -> node.role().prefills())
                && any(live, node -> node.role().decodes());
    }

    private static boolean any(List<NodeInfo> nodes, Predicate<NodeInfo> test) {
        return nodes.stream().anyMatch(test);
    }

    private static List<NodeInfo> withRole(List<NodeInfo> nodes, NodeRole role) {
        return nodes.stream().filter(node -> node.role() == role).toList();
    }

    private static NodeInfo pick(List<NodeInfo> nodes, long turn) {
        return nodes.get((int) Long.remainderUnsigned(turn, nodes.size()));
    }
}
