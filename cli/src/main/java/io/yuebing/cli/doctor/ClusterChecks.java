package io.yuebing.cli.doctor;

import io.yuebing.api.NodeInfo;
import io.yuebing.cli.hub.Amounts;
import io.yuebing.dialect.NodeWire;
import io.yuebing.transfer.PeerAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** What the answers of gateway and nodes mean; pure logic. */
final class ClusterChecks {
    /** More than this and the lines of two logs cannot be put in order. */
    private static final long NOTICEABLE_MICROS = 500_000;

    /** A reservation's deadline is a time of day, five minutes ahead by default. */
    private static final long DANGEROUS_MICROS = 30_000_000;

    /** Bytes a second of a gigabit link. */
    private static final double SLOW = 0.125e9;

    /** What each counter means when it is not 0. */
    private static final List<Alarm> ALARMS = List.of(
            new Alarm(
                    "yuebing_kv_integrity_violations_total",
                    Level.PROBLEM,
                    "checks that found lost or invented KV blocks: %d",
                    "a defect of Yuebing: keep the node's log and report it"),
            new Alarm(
                    "yuebing_engine_failed_steps_total",
                    Level.WARNING,
                    "failed engine steps: %d",
                    "the node's log names the reason"),
            new Alarm(
                    "yuebing_kv_checksum_failures_total",
                    Level.WARNING,
                    "KV blocks that arrived damaged and were sent again: %d",
                    "check memory (EDAC, mcelog) and network cards of both ends"),
            new Alarm(
                    "yuebing_kv_protocol_errors_total",
                    Level.WARNING,
                    "transfer connections that sent bytes of something else: %d",
                    "the node's log names the peers; keep strangers away from the transfer port"),
            new Alarm(
                    "yuebing_kv_transfer_fallbacks_total",
                    Level.WARNING,
                    "connections that took a slower way than they could have: %d",
                    "the node's log names the reason; look at the size of /dev/shm on both ends"),
            new Alarm(
                    "yuebing_failovers_total",
                    Level.WARNING,
                    "failovers since its start: %d",
                    "the gateway's log names nodes and causes: docs/SURVIVAL.md"),
            new Alarm(
                    "yuebing_suspected_requests_total",
                    Level.PROBLEM,
                    "requests given up because nodes kept dying under them: %d",
                    "the gateway's log has their ids; keep them from being sent again"));

    private record Alarm(String metric, Level level, String text, String advice) {}

    private ClusterChecks() {}

    /** Whether every server answers and the nodes can serve. */
    static void servers(List<ServerLook> servers, Findings findings) {
        for (ServerLook server : servers) {
            if (server.failure().isPresent()) {
                ServerLook.Failure failure = server.failure().get();
                findings.problem(server.label() + " does not answer: " + failure.text(), failure.advice());
            } else {
                String draining = server.node().map(NodeInfo::serving).orElse(true) ? "" : ", draining";
                findings.ok(server.label() + " answers" + draining);
                alarms(server, findings);
            }
        }
    }

    /** Whether the nodes that a gateway knows make a cluster. */
    static void roles(List<NodeInfo> nodes, Findings findings) {
        List<NodeInfo> serving = nodes.stream().filter(NodeInfo::serving).toList();
        boolean prefills = serving.stream().anyMatch(node -> node.role().prefills());
        boolean decodes = serving.stream().anyMatch(node -> node.role().decodes());
        if (serving.isEmpty()) {
            findings.problem(
                    "the gateway knows no node that takes requests",
                    "start nodes with --gateway URL, or name them to the gateway with --nodes");
        } else if (prefills && decodes) {
            findings.ok("the gateway knows " + nodes.size() + " nodes, of both roles");
        } else {
            findings.warning(
                    "no " + (prefills ? "decode" : "prefill") + " node takes requests: the others do all the work",
                    "start one: ./yuebing node --role " + (prefills ? "decode" : "prefill") + " --gateway URL");
        }
    }

    /** Nodes that the gateway misses: whoever has forgotten them would find nothing wrong. */
    static void missing(List<NodeWire.MissingNode> nodes, Instant now, Findings findings) {
        for (NodeWire.MissingNode node : nodes) {
            Duration since = Duration.between(Instant.ofEpochMilli(node.unixMillis()), now);
            findings.problem(
                    node.label() + " is missing for " + ago(since) + ": "
                            + (node.why().startsWith(node.label())
                                    ? node.why()
                                            .substring(node.label().length())
                                            .strip()
                                    : node.why()),
                    "look at its process and its log; the gateway takes it back as soon as it answers");
        }
    }

    private static String ago(Duration since) {
        long minutes = since.toMinutes();
        return minutes < 2 ? Math.max(0, since.toSeconds()) + " s" : minutes + " minutes";
    }

    /** What strangers may do who reach a transfer port as this process has, without a secret or a certificate. */
    static void openToAll(String peer, PeerAddress address, Findings findings) {
        findings.warning(
                peer + " takes KV blocks at " + address + " from whoever reaches it",
                "give all nodes --transfer-secret-file or --transfer-tls-cert, or keep strangers out of that network:"
                        + " docs/TRANSFER.md");
    }

    private static void alarms(ServerLook server, Findings findings) {
        for (Alarm alarm : ALARMS) {
            long count = (long) server.metrics().sum(alarm.metric()).orElse(0);
            if (count > 0) {
                String text =
                        server.label() + ": " + String.format(Locale.ROOT, alarm.text(), count) + labels(server, alarm);
                if (alarm.level() == Level.PROBLEM) {
                    findings.problem(text, alarm.advice());
                } else {
                    findings.warning(text, alarm.advice());
                }
            }
        }
    }

    /** The labels with something to count, for example {@code (node_died 2)}. */
    private static String labels(ServerLook server, Alarm alarm) {
        String causes = server.metrics()
                .all(alarm.metric())
                .filter(sample -> sample.value() > 0)
                .flatMap(sample -> sample.labels().entrySet().stream()
                        .filter(label -> !label.getKey().equals("model_name"))
                        .map(label -> label.getValue() + " " + (long) sample.value()))
                .collect(Collectors.joining(", "));
        return causes.isEmpty() ? "" : " (" + causes + ")";
    }

    /** Whether the clocks agree. */
    static void clocks(List<ServerLook> servers, Findings findings) {
        List<ServerLook> known =
                servers.stream().filter(server -> server.clock().isPresent()).toList();
        long furthest = 0;
        for (ServerLook server : known) {
            ClockOffset offset = server.clock().orElseThrow();
            String text = server.label() + " is " + seconds(Math.abs(offset.micros()))
                    + (offset.micros() > 0 ? " ahead of" : " behind") + " this machine, within "
                    + seconds(offset.uncertaintyMicros());
            if (offset.atLeastMicros() > DANGEROUS_MICROS) {
                findings.problem(
                        text + ": deadlines of KV transfers are missed or never come",
                        "start chrony or systemd-timesyncd on both machines; timedatectl tells their state");
            } else if (offset.atLeastMicros() > NOTICEABLE_MICROS) {
                findings.warning(
                        text, "start chrony or systemd-timesyncd on both machines; timedatectl tells their state");
            } else {
                furthest = Math.max(furthest, offset.atLeastMicros() + 2 * offset.uncertaintyMicros());
            }
        }
        if (furthest > 0) {
            findings.ok("the others agree with this machine within " + seconds(furthest));
        }
    }

    private static String seconds(long micros) {
        return micros < 1_000_000
                ? String.format(Locale.ROOT, "%.1f ms", micros / 1e3)
                : String.format(Locale.ROOT, "%.1f s", micros / 1e6);
    }

    /** Which way each prefill node reaches its decode nodes now. */
    static void routes(List<ServerLook> servers, Findings findings) {
        for (ServerLook server : servers) {
            Map<String, String> routes = server.metrics()
                    .all("yuebing_kv_transfer_route")
                    .filter(sample -> sample.value() > 0)
                    .collect(Collectors.toMap(
                            sample -> sample.label("peer"), sample -> sample.label("protocol"), (one, _) -> one));
            routes.forEach(
                    (peer, protocol) -> findings.ok(server.label() + " pushes to " + peer + " over " + protocol));
        }
    }

    /** What a measurement of the way to a peer means. */
    static void rate(String peer, String protocol, String why, TransferRate rate, Findings findings) {
        String text = String.format(
                Locale.ROOT,
                "%s over %s (%s): %.2f GB/s in pieces of %s, %.2f ms there and back",
                peer,
                protocol,
                why,
                rate.bytesPerSecond() / 1e9,
                Amounts.bytes(rate.sliceBytes()),
                rate.roundTripMicros() / 1e3);
        if (rate.bytesPerSecond() < SLOW) {
            findings.warning(
                    text + ", as slow as a gigabit link",
                    "check that the way leads over the fast card (ip route get), its MTU and its errors; compare with"
                            + " iperf3");
        } else {
            findings.ok(text);
        }
    }
}
