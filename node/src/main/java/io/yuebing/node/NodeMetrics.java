package io.yuebing.node;

import io.yuebing.connector.KvConversions;
import io.yuebing.connector.KvPuller;
import io.yuebing.connector.KvPullerStats;
import io.yuebing.connector.KvPusher;
import io.yuebing.connector.KvPusherStats;
import io.yuebing.connector.KvReceiver;
import io.yuebing.connector.LeaseStats;
import io.yuebing.dialect.SurfaceMetrics;
import io.yuebing.dialect.SurfaceMetrics.Sample;
import io.yuebing.engine.Engine;
import io.yuebing.engine.EngineStats;
import io.yuebing.kernels.LargePageArena;
import io.yuebing.kernels.PageFallback;
import io.yuebing.transfer.PeerTraffic;
import io.yuebing.transfer.TransferFallback;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.BinaryOperator;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The metrics of a node's engine and KV transfer: vLLM's names where they mean the same. */
final class NodeMetrics {
    private static final List<String> LABELS = List.of("model_name");

    private final SurfaceMetrics metrics;
    private final String model;
    private final Engine engine;

    private NodeMetrics(SurfaceMetrics metrics, String model, Engine engine) {
        this.metrics = metrics;
        this.model = model;
        this.engine = engine;
    }

    static void register(SurfaceMetrics metrics, String model, Engine engine, NodeTransfers transfers, PullDesk pulls) {
        NodeMetrics node = new NodeMetrics(metrics, model, engine);
        node.engine();
        push(metrics, transfers.pusher());
        routes(metrics, transfers.pusher());
        receive(metrics, transfers.receiver());
        pull(metrics, transfers.puller(), pulls);
        keep(metrics, transfers.receiver());
        memory(metrics, transfers);
        conversions(metrics, transfers);
    }

    private void engine() {
        gauge("vllm:num_requests_running", "Sequences that get tokens in each step.", EngineStats::runningSequences);
        gauge("vllm:num_requests_waiting", "Sequences that wait for room.", EngineStats::waitingSequences);
        gauge("vllm:kv_cache_usage_perc", "Share of the KV blocks in use, 0 to 1.", EngineStats::usage);
        gauge("yuebing:kv_blocks", "KV blocks of the pool.", EngineStats::totalBlocks);
        gauge("yuebing:kv_blocks_free", "KV blocks without content.", EngineStats::freeBlocks);
        gauge("yuebing:kv_blocks_cached", "Unused KV blocks whose content can be reused.", EngineStats::cachedBlocks);
        gauge("yuebing:kv_blocks_held", "KV blocks of reservations and hand-offs.", EngineStats::heldBlocks);
        counter("vllm:num_preemptions", "Sequences that gave up their blocks.", EngineStats::preemptions);
        counter(
                "vllm:prefix_cache_queries",
                "Tokens looked for in the prefix cache.",
                EngineStats::prefixCacheQueriedTokens);
        counter("vllm:prefix_cache_hits", "Tokens found in the prefix cache.", EngineStats::prefixCacheHitTokens);
        counter("yuebing:engine_prompt_tokens", "Prompt tokens computed.", EngineStats::promptTokens);
        counter("yuebing:engine_generated_tokens", "Tokens sampled.", EngineStats::generatedTokens);
        counter("yuebing:engine_steps", "Forward passes.", EngineStats::steps);
        counter("yuebing:engine_failed_steps", "Forward passes that failed.", EngineStats::failedSteps);
        counter(
                "yuebing:kv_integrity_violations",
                "Checks that found lost or invented KV blocks; a defect if not 0.",
                EngineStats::integrityViolations);
        metrics.counter(
                "yuebing:large_page_fallbacks",
                "Pieces of memory for weights and KV cache that came in small pages, by reason.",
                List.of("reason"),
                () -> Arrays.stream(PageFallback.values())
                        .map(reason -> Sample.of(LargePageArena.fallbacks(reason), reason.metricName()))
                        .toList());
    }

    private static void push(SurfaceMetrics metrics, KvPusher pusher) {
        metrics.gauge(
                "yuebing:kv_pushes_active",
                "KV pushes under way.",
                () -> pusher.stats().active());
        metrics.counter("yuebing:kv_pushes", "KV pushes that ended, by how.", List.of("result"), () -> {
            KvPusherStats stats = pusher.stats();
            return List.of(
                    Sample.of(stats.completed(), "completed"),
                    Sample.of(stats.failed(), "failed"),
                    Sample.of(stats.aborted(), "aborted"));
        });
        metrics.counter(
                "yuebing:kv_push_bytes",
                "KV bytes sent and acknowledged.",
                () -> pusher.stats().bytes());
        metrics.counter(
                "yuebing:kv_push_reused_bytes",
                "KV bytes that were not sent because the decode node had them cached.",
                () -> pusher.stats().reusedBytes());
        metrics.counter(
                "yuebing:kv_push_retries",
                "Parts of pushes sent again.",
                () -> pusher.stats().retries());
        metrics.counter(
                "yuebing:kv_push_seconds",
                "Time of completed pushes.",
                () -> pusher.stats().transferSeconds());
        metrics.counter(
                "yuebing:kv_push_exposed_seconds",
                "The part of it that the prefill did not hide.",
                () -> pusher.stats().exposedSeconds());
    }

    private static void routes(SurfaceMetrics metrics, KvPusher pusher) {
        metrics.gauge(
                "yuebing:kv_transfer_route",
                "1 for the protocol that reaches a decode node now.",
                List.of("peer", "protocol"),
                () -> pusher.routes().entrySet().stream()
                        .map(route -> Sample.of(
                                1, route.getKey().toString(), route.getValue().protocol()))
                        .toList());
        metrics.counter(
                "yuebing:kv_transfer_fallbacks",
                "Connections to decode nodes that took a slower protocol than they could have, by reason.",
                List.of("reason"),
                () -> Arrays.stream(TransferFallback.values())
                        .map(reason -> Sample.of(pusher.fallbacks().getOrDefault(reason, 0L), reason.name()))
                        .toList());
    }

    private static void receive(SurfaceMetrics metrics, KvReceiver receiver) {
        metrics.gauge(
                "yuebing:kv_reservations_open",
                "Reservations neither taken over, released nor expired.",
                () -> receiver.reservationStats().open());
        metrics.gauge(
                "yuebing:kv_reserved_bytes",
                "KV bytes of open reservations.",
                () -> receiver.reservationStats().bytesReserved());
        metrics.counter(
                "yuebing:kv_received_bytes",
                "KV bytes verified and applied.",
                () -> receiver.serverStats().bytesReceived());
        metrics.counter(
                "yuebing:kv_reservations_expired",
                "Reservations ended by their deadline.",
                () -> receiver.reservationStats().expired());
        metrics.counter(
                "yuebing:kv_refused_writes",
                "Writes that came too late or to the wrong place.",
                () -> receiver.serverStats().slicesRefused());
        metrics.counter(
                "yuebing:kv_protocol_errors",
                "Transfer connections closed because of damaged headers or foreign bytes.",
                () -> receiver.serverStats().protocolErrors());
        metrics.counter(
                "yuebing:kv_checksum_failures",
                "Writes whose CRC32C did not fit.",
                () -> receiver.serverStats().checksumFailures());
    }

    private static void pull(SurfaceMetrics metrics, KvPuller puller, PullDesk pulls) {
        metrics.counter("yuebing:kv_pulls", "KV pulls that ended, by how.", List.of("result"), () -> {
            KvPullerStats stats = puller.stats();
            return List.of(Sample.of(stats.completed(), "completed"), Sample.of(stats.failed(), "failed"));
        });
        metrics.counter(
                "yuebing:kv_pull_bytes",
                "KV bytes pulled and verified.",
                () -> puller.stats().bytes());
        metrics.counter(
                "yuebing:kv_pull_reused_bytes",
                "KV bytes that were not pulled because this node had them cached.",
                () -> puller.stats().reusedBytes());
        metrics.counter(
                "yuebing:kv_pull_retries",
                "Parts of pulls asked for again.",
                () -> puller.stats().retries());
        metrics.counter(
                "yuebing:kv_pull_fallbacks",
                "Prompts that another node kept and this one computed all the same, by reason.",
                List.of("reason"),
                () -> Arrays.stream(PullFallback.values())
                        .map(reason -> Sample.of(pulls.fallbacks(reason), reason.metricName()))
                        .toList());
    }

    private static void keep(SurfaceMetrics metrics, KvReceiver receiver) {
        metrics.gauge(
                "yuebing:kv_leases_open",
                "Computed prompts that are kept for somebody who pulls them.",
                () -> receiver.leaseStats().open());
        metrics.counter("yuebing:kv_leases", "Kept prompts that were given up, by how.", List.of("result"), () -> {
            LeaseStats stats = receiver.leaseStats();
            return List.of(Sample.of(stats.released(), "released"), Sample.of(stats.expired(), "expired"));
        });
        metrics.counter(
                "yuebing:kv_refused_reads",
                "Reads of kept prompts that came too late or for something else.",
                () -> receiver.leaseStats().refusedReads());
    }

    /** What transfers hold and move, by peer. */
    private static void memory(SurfaceMetrics metrics, NodeTransfers transfers) {
        KvReceiver receiver = transfers.receiver();
        KvPusher pusher = transfers.pusher();
        KvPuller puller = transfers.puller();
        metrics.gauge(
                "yuebing:kv_in_flight_bytes",
                "KV bytes sent to a node and not acknowledged, or asked of it and not arrived.",
                List.of("peer"),
                () -> byPeer(List.of(pusher.bytesInFlight(), puller.bytesInFlight()), Long::sum).entrySet().stream()
                        .map(peer -> Sample.of(peer.getValue(), peer.getKey().toString()))
                        .toList());
        metrics.gauge(
                "yuebing:kv_waiting_release_bytes",
                "KV bytes of computed prompts that are kept until their transfer has ended.",
                () -> pusher.stats().bytesWaitingRelease()
                        + receiver.leaseStats().bytes());
        metrics.gauge(
                "yuebing:kv_oldest_lease_seconds",
                "Age of the oldest open reservation or kept prompt.",
                () -> Math.max(
                        receiver.reservationStats().oldestLeaseSeconds(),
                        receiver.leaseStats().oldestSeconds()));
        metrics.counter(
                "yuebing:transfer_peer_bytes",
                "KV bytes that came from a peer (received) or went to it (sent). A peer is HOST:PORT if this node called,"
                        + " HOST if it was called.",
                List.of("peer", "direction"),
                () -> byPeer(
                                List.of(receiver.traffic(), pusher.traffic(), puller.traffic()),
                                (a, b) -> new PeerTraffic.Bytes(a.received() + b.received(), a.sent() + b.sent()))
                        .entrySet()
                        .stream()
                        .flatMap(NodeMetrics::directions)
                        .toList());
    }

    private static void conversions(SurfaceMetrics metrics, NodeTransfers transfers) {
        List<KvConversions> all = List.of(
                transfers.pusher().conversions(),
                transfers.receiver().conversions(),
                transfers.puller().conversions());
        metrics.counter(
                "yuebing:kv_conversion_bytes",
                "KV bytes, as they travel, that were converted here before or after, by why.",
                List.of("reason"),
                () -> byReason(reason ->
                        all.stream().mapToDouble(each -> each.bytes(reason)).sum()));
        metrics.counter(
                "yuebing:kv_conversion_seconds",
                "Time of the threads that converted them.",
                List.of("reason"),
                () -> byReason(reason ->
                        all.stream().mapToDouble(each -> each.seconds(reason)).sum()));
    }

    private static List<Sample> byReason(ToDoubleFunction<KvConversions.Reason> value) {
        return Arrays.stream(KvConversions.Reason.values())
                .map(reason -> Sample.of(value.applyAsDouble(reason), reason.metricName()))
                .toList();
    }

    private static <K, V> Map<K, V> byPeer(List<Map<K, V>> maps, BinaryOperator<V> sum) {
        return maps.stream()
                .flatMap(map -> map.entrySet().stream())
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue, sum));
    }

    private static Stream<Sample> directions(Map.Entry<String, PeerTraffic.Bytes> peer) {
        return Stream.of(
                Sample.of(peer.getValue().received(), peer.getKey(), "received"),
                Sample.of(peer.getValue().sent(), peer.getKey(), "sent"));
    }

    private void gauge(String name, String help, ToDoubleFunction<EngineStats> value) {
        metrics.gauge(name, help, LABELS, () -> List.of(Sample.of(value.applyAsDouble(engine.stats()), model)));
    }

    private void counter(String name, String help, ToDoubleFunction<EngineStats> value) {
        metrics.counter(name, help, LABELS, () -> List.of(Sample.of(value.applyAsDouble(engine.stats()), model)));
    }
}
