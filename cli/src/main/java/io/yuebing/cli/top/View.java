package io.yuebing.cli.top;

import io.yuebing.api.NodeState;
import io.yuebing.cli.cluster.Exposition;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What is shown: amounts of now, and rates between two readings. Pure logic; what nobody knows is empty.
 *
 * @param model what the nodes serve
 * @param failure why the gateway's list is not known
 * @param missing how many nodes the gateway should have and has not
 * @param firstTokenSeconds mean of the requests that got one since the reading before
 * @param failovers by cause, those that happened
 * @param fallbacks by kind, those that happened
 */
record View(
        Optional<String> model,
        Optional<String> failure,
        long missing,
        OptionalDouble firstTokenSeconds,
        OptionalDouble finishedPerSecond,
        Map<String, Long> failovers,
        Map<String, Long> fallbacks,
        List<NodeRow> nodes) {
    private static final String PEER_BYTES = "yuebing_transfer_peer_bytes_total";
    private static final String SENT = "sent";
    private static final String RECEIVED = "received";

    /**
     * One node.
     *
     * @param state {@code serving}, {@code draining}, {@code no answer} or {@code lost}
     * @param kvUse share of KV blocks in use, 0 to 1
     * @param hitRate share of looked-up tokens found in the prefix cache, 0 to 1: since the reading before, or since the
     *     start if there were none
     * @param waitingReleaseBytes computed KV blocks that are kept until a peer has them
     * @param peers by address
     */
    record NodeRow(
            String role,
            String address,
            String state,
            OptionalDouble running,
            OptionalDouble waiting,
            OptionalDouble promptTokensPerSecond,
            OptionalDouble tokensPerSecond,
            OptionalDouble kvUse,
            OptionalDouble hitRate,
            OptionalDouble reservedBytes,
            OptionalDouble inFlightBytes,
            OptionalDouble waitingReleaseBytes,
            OptionalDouble oldestLeaseSeconds,
            OptionalDouble receivedPerSecond,
            OptionalDouble sentPerSecond,
            List<PeerRow> peers) {}

    /** What travels between a node and one of its peers, in bytes a second. */
    record PeerRow(String peer, String protocol, OptionalDouble receivedPerSecond, OptionalDouble sentPerSecond) {}

    static View of(Reading before, Reading now) {
        Exposition gateway = now.gateway().orElse(Exposition.EMPTY);
        Rates rates = new Rates(before.gateway(), gateway, seconds(before, now));
        double firstTokens =
                rates.change("vllm_time_to_first_token_seconds_count").orElse(0);
        OptionalDouble waited = rates.change("vllm_time_to_first_token_seconds_sum");
        return new View(
                now.nodes().stream().map(node -> node.info().model().name()).findFirst(),
                now.failure(),
                (long) gateway.sum("yuebing_nodes_missing").orElse(0),
                firstTokens > 0 ? OptionalDouble.of(waited.orElse(0) / firstTokens) : OptionalDouble.empty(),
                rates.perSecond("vllm_request_success_total"),
                counted(gateway, "yuebing_failovers_total", "cause"),
                counted(gateway, "yuebing_fallbacks_total", "kind"),
                now.nodes().stream()
                        .sorted(Comparator.comparing(
                                        (Reading.Node node) -> node.info().role())
                                .thenComparing(node -> node.info().uri()))
                        .map(node -> row(before, now, node))
                        .toList());
    }

    private static double seconds(Reading before, Reading now) {
        return (now.nanos() - before.nanos()) / 1e9;
    }

    private static Map<String, Long> counted(Exposition metrics, String name, String label) {
        return metrics.all(name)
                .filter(sample -> sample.value() > 0)
                .collect(Collectors.toMap(
                        sample -> sample.label(label), sample -> (long) sample.value(), Long::sum, TreeMap::new));
    }

    private static NodeRow row(Reading before, Reading now, Reading.Node node) {
        Exposition metrics = node.metrics().orElse(Exposition.EMPTY);
        Optional<Exposition> earlier = before.nodes().stream()
                .filter(known -> known.info().instanceId().equals(node.info().instanceId()))
                .findFirst()
                .flatMap(Reading.Node::metrics);
        Rates rates = new Rates(earlier, metrics, seconds(before, now));
        return new NodeRow(
                node.info().role().wireName(),
                node.info().uri().getAuthority(),
                state(node),
                metrics.sum("vllm_num_requests_running"),
                metrics.sum("vllm_num_requests_waiting"),
                rates.perSecond("yuebing_engine_prompt_tokens_total"),
                rates.perSecond("yuebing_engine_generated_tokens_total"),
                metrics.sum("vllm_kv_cache_usage_perc"),
                hitRate(rates, metrics),
                metrics.sum("yuebing_kv_reserved_bytes"),
                metrics.sum("yuebing_kv_in_flight_bytes"),
                metrics.sum("yuebing_kv_waiting_release_bytes"),
                metrics.sum("yuebing_kv_oldest_lease_seconds"),
                total(rates, RECEIVED),
                total(rates, SENT),
                peers(rates, metrics));
    }

    private static String state(Reading.Node node) {
        if (!node.listed()) {
            return "lost";
        }
        return node.metrics().isEmpty() ? "no answer" : name(node.info().state());
    }

    private static String name(NodeState state) {
        return state.name().toLowerCase(Locale.ROOT);
    }

    private static OptionalDouble hitRate(Rates rates, Exposition metrics) {
        double asked = rates.change("vllm_prefix_cache_queries_total").orElse(0);
        if (asked > 0) {
            return OptionalDouble.of(
                    rates.change("vllm_prefix_cache_hits_total").orElse(0) / asked);
        }
        double ever = metrics.sum("vllm_prefix_cache_queries_total").orElse(0);
        return ever > 0
                ? OptionalDouble.of(metrics.sum("vllm_prefix_cache_hits_total").orElse(0) / ever)
                : OptionalDouble.empty();
    }

    private static OptionalDouble total(Rates rates, String direction) {
        return rates.perSecond(PEER_BYTES, Map.of("direction", direction));
    }

    private static List<PeerRow> peers(Rates rates, Exposition metrics) {
        Map<String, String> protocols = metrics.all("yuebing_kv_transfer_route")
                .filter(sample -> sample.value() > 0)
                .collect(Collectors.toMap(
                        sample -> sample.label("peer"),
                        sample -> sample.label("protocol"),
                        (one, _) -> one,
                        TreeMap::new));
        List<PeerRow> rows = new ArrayList<>();
        Stream.concat(protocols.keySet().stream(), metrics.all(PEER_BYTES).map(sample -> sample.label("peer")))
                .distinct()
                .sorted()
                .forEach(peer -> rows.add(new PeerRow(
                        peer,
                        protocols.getOrDefault(peer, ""),
                        rates.perSecond(PEER_BYTES, Map.of("peer", peer, "direction", RECEIVED)),
                        rates.perSecond(PEER_BYTES, Map.of("peer", peer, "direction", SENT)))));
        return rows;
    }

    /** Changes of counters between two readings of one process. */
    private record Rates(Optional<Exposition> before, Exposition now, double seconds) {
        OptionalDouble change(String name) {
            return change(name, Map.of());
        }

        /** Empty if one of the readings does not have it, or if the process was started anew. */
        OptionalDouble change(String name, Map<String, String> labels) {
            OptionalDouble later = sum(now, name, labels);
            if (later.isEmpty() || before.isEmpty()) {
                return OptionalDouble.empty();
            }
            // a counter with labels appears with its first event
            double earlier = sum(before.get(), name, labels).orElse(0);
            return later.getAsDouble() < earlier
                    ? OptionalDouble.empty()
                    : OptionalDouble.of(later.getAsDouble() - earlier);
        }

        OptionalDouble perSecond(String name) {
            return perSecond(name, Map.of());
        }

        OptionalDouble perSecond(String name, Map<String, String> labels) {
            OptionalDouble change = change(name, labels);
            return change.isEmpty() || seconds <= 0
                    ? OptionalDouble.empty()
                    : OptionalDouble.of(change.getAsDouble() / seconds);
        }

        private static OptionalDouble sum(Exposition metrics, String name, Map<String, String> labels) {
            return metrics.all(name)
                    .filter(sample -> sample.labels().entrySet().containsAll(labels.entrySet()))
                    .mapToDouble(Exposition.Sample::value)
                    .reduce(Double::sum);
        }
    }
}
