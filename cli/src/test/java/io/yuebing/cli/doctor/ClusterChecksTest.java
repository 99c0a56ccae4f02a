package io.yuebing.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.yuebing.cli.Terminal;
import io.yuebing.cli.cluster.Exposition;
import io.yuebing.cli.testing.TinyHttpServer;
import io.yuebing.transfer.PeerAddress;
import io.yuebing.transfer.ScratchSegment;
import io.yuebing.transfer.Segment;
import io.yuebing.transfer.TimeSource;
import io.yuebing.transfer.TransferClientOptions;
import io.yuebing.transfer.TransferProtocols;
import io.yuebing.transfer.TransferSecurity;
import io.yuebing.transfer.TransferServer;
import io.yuebing.transfer.TransferServerOptions;
import io.yuebing.transfer.Transport;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.URI;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class ClusterChecksTest {
    @Test
    void theQuickestOfSomeAnswersTellsTheOffsetOfAClock() throws Exception {
        Deque<Long> here = new ArrayDeque<>(List.of(0L, 900L, 1000L, 1010L, 2000L, 2500L, 3000L, 3400L, 4000L, 4800L));
        Deque<Long> there = new ArrayDeque<>(List.of(7000L, 6005L, 9000L, 9000L, 9999L));
        ClockOffset offset = ClockOffset.measure(here::remove, there::remove);
        assertThat(offset).isEqualTo(new ClockOffset(5000, 5));
        assertThat(offset.atLeastMicros()).isEqualTo(4995);
    }

    @Test
    void clocksThatDifferAreNamedOthersAreSummedUp() {
        Findings findings = new Findings("clocks");
        ClusterChecks.clocks(
                List.of(
                        server("decode node b:1", new ClockOffset(-2_000, 1_000), ""),
                        server("decode node c:1", new ClockOffset(1_500_000, 1_000), ""),
                        server("decode node d:1", new ClockOffset(-61_000_000, 2_000), "")),
                findings);
        assertThat(findings.noted()).extracting(Finding::level).containsExactly(Level.WARNING, Level.PROBLEM, Level.OK);
        assertThat(findings.noted())
                .extracting(Finding::text)
                .containsExactly(
                        "decode node c:1 is 1.5 s ahead of this machine, within 1.0 ms",
                        "decode node d:1 is 61.0 s behind this machine, within 2.0 ms: deadlines of KV transfers are"
                                + " missed or never come",
                        "the others agree with this machine within 3.0 ms");
    }

    @Test
    void countersOfFailuresAreToldWithTheirCauses() {
        Findings findings = new Findings("nodes");
        ClusterChecks.servers(List.of(server("gateway a:1", new ClockOffset(0, 0), """
                        # TYPE yuebing:failovers_total counter
                        yuebing:failovers_total{cause="node_died"} 2.0
                        yuebing:failovers_total{cause="node_hung"} 0.0
                        yuebing:failovers_total{cause="transfer_failed"} 1.0
                        yuebing:kv_integrity_violations_total{model_name="m"} 1.0
                        """)), findings);
        assertThat(findings.noted())
                .extracting(finding -> finding.level() + " " + finding.text())
                .containsExactly(
                        "OK gateway a:1 answers",
                        "PROBLEM gateway a:1: checks that found lost or invented KV blocks: 1",
                        "WARNING gateway a:1: failovers since its start: 3 (node_died 2, transfer_failed 1)");
    }

    @Test
    void aClusterIsLookedAtFromItsGatewayToTheBytes() throws Exception {
        AtomicReference<String> nodeUri = new AtomicReference<>("");
        try (ScratchSegment scratch = new ScratchSegment();
                TransferServer transfers = TransferProtocols.AUTO.serve(
                        TransferServerOptions.loopback(64 << 10), List.of(scratch.segment()), TimeSource.system());
                TinyHttpServer node = TinyHttpServer.start(request -> answer(
                        request.path(),
                        Map.of(
                                "/yuebing/v1/transfer",
                                "{\"address\":\"127.0.0.1:"
                                        + transfers.address().getPort() + "\"}")));
                TinyHttpServer gateway = TinyHttpServer.start(request -> answer(
                        request.path(),
                        Map.of(
                                "/yuebing/v1/nodes",
                                "[" + node(nodeUri.get(), "decode") + "," + node("http://127.0.0.1:1", "prefill") + "]",
                                "/yuebing/v1/missing",
                                "[{\"label\":\"decode node c:1\",\"why\":\"no heartbeat for 3000 ms\",\"unixMillis\":"
                                        + (System.currentTimeMillis() - 300_000) + "}]")))) {
            nodeUri.set(node.uri().toString());
            String report = report(Optional.of(gateway.uri()), List.of(), List.of());
            assertThat(report)
                    .contains("the gateway knows 2 nodes, of both roles")
                    .contains("OK       nodes         gateway 127.0.0.1:"
                            + gateway.uri().getPort() + " answers")
                    .contains("OK       nodes         decode node 127.0.0.1:"
                            + node.uri().getPort() + " answers")
                    .contains(
                            "problem  nodes         prefill node 127.0.0.1:1 does not answer: http://127.0.0.1:1 cannot"
                                    + " be reached")
                    .contains("OK       clocks        the others agree with this machine within")
                    .containsPattern(
                            "transfer      decode node 127.0.0.1:\\d+ over shm \\(the peer is on this host\\): "
                                    + "[\\d.]+ GB/s in pieces of 64.0 KiB")
                    .contains(
                            "problem  nodes         decode node c:1 is missing for 5 minutes: no heartbeat for 3000 ms")
                    .contains("2 problems, no warnings");
        }
    }

    @Test
    void whatSomebodyElseOffersIsReadAndNotWritten() throws Exception {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment memory = arena.allocate(100_000).fill((byte) 7);
            try (TransferServer transfers = TransferProtocols.TCP.serve(
                    TransferServerOptions.loopback(64 << 10),
                    List.of(Segment.open("mine", memory)),
                    TimeSource.system())) {
                PeerAddress peer =
                        new PeerAddress("127.0.0.1", transfers.address().getPort());
                assertThat(report(Optional.empty(), List.of(), List.of(peer))).contains(peer + " over tcp");
                assertThat(memory.mismatch(arena.allocate(100_000).fill((byte) 7)))
                        .isEqualTo(-1);
            }
        }
    }

    @Test
    void aPortOfSomebodyElseIsToldApartFromAServerThatIsDown() throws Exception {
        try (TinyHttpServer stranger = TinyHttpServer.start(request -> TinyHttpServer.Reply.of(404, "nothing here"));
                TinyHttpServer node = TinyHttpServer.start(request -> answer(request.path(), Map.of()))) {
            assertThat(report(Optional.of(stranger.uri()), List.of(), List.of()))
                    .contains("/yuebing/v1/clock with HTTP 404")
                    .contains("-> something else has that port");
            assertThat(report(Optional.of(node.uri()), List.of(), List.of()))
                    .as("a node is no gateway")
                    .contains("/yuebing/v1/nodes with HTTP 404")
                    .doesNotContain("OK ");
        }
    }

    @Test
    void aPeerThatTakesBytesFromAnybodyBeyondThisHostIsAWarning() throws Exception {
        try (ScratchSegment scratch = new ScratchSegment();
                TransferServer transfers = TransferProtocols.TCP.serve(
                        TransferServerOptions.listening("0.0.0.0", 0, 64 << 10)
                                .withSecurity(new TransferSecurity.None(), true),
                        List.of(scratch.segment()),
                        TimeSource.system())) {
            int port = transfers.address().getPort();
            String warning = "takes KV blocks at";
            assertThat(report(Optional.empty(), List.of(), List.of(new PeerAddress("127.0.0.1", port))))
                    .doesNotContain(warning);
            String here = addressOfThisHost();
            assertThat(report(Optional.empty(), List.of(), List.of(new PeerAddress(here, port))))
                    .contains(warning + " " + here + ":" + port + " from whoever reaches it");
        }
    }

    /** The test ends here on hosts that have loopback only. */
    private static String addressOfThisHost() throws SocketException {
        Optional<String> address = NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .filter(Inet4Address.class::isInstance)
                .filter(candidate -> !candidate.isLoopbackAddress())
                .map(InetAddress::getHostAddress)
                .findFirst();
        assumeTrue(address.isPresent(), "this host has no address but loopback");
        return address.orElseThrow();
    }

    @Test
    void aPeerThatIsNotThereIsAProblem() throws Exception {
        assertThat(report(
                        Optional.empty(),
                        List.of(URI.create("http://127.0.0.1:1")),
                        List.of(new PeerAddress("127.0.0.1", 1))))
                .contains("problem  nodes         http://127.0.0.1:1 does not answer")
                .contains("problem  transfer      no KV block can travel from here to 127.0.0.1:1: cannot connect");
    }

    private static TinyHttpServer.Reply answer(String path, Map<String, String> own) {
        return switch (path) {
            case "/yuebing/v1/clock" ->
                TinyHttpServer.Reply.of(200, "{\"unixMicros\":" + System.currentTimeMillis() * 1000 + "}");
            case "/metrics" -> TinyHttpServer.Reply.of(200, "yuebing:kv_blocks{model_name=\"m\"} 4096.0\n");
            default ->
                own.containsKey(path)
                        ? TinyHttpServer.Reply.of(200, own.get(path))
                        : TinyHttpServer.Reply.of(404, "nothing here");
        };
    }

    private static String node(String uri, String role) {
        return "{\"instanceId\":\"i-" + role + "\",\"uri\":\"" + uri + "\",\"role\":\"" + role
                + "\",\"state\":\"serving\",\"model\":{\"name\":\"m\",\"maxModelLength\":8,\"vocabSize\":8,"
                + "\"eosTokenIds\":[],\"generation\":{\"temperature\":0.0,\"topP\":null,\"topK\":null,\"minP\":null,"
                + "\"repetitionPenalty\":null},\"fingerprint\":\"f\"}}";
    }

    private static String report(Optional<URI> gateway, List<URI> servers, List<PeerAddress> peers) throws Exception {
        StringWriter text = new StringWriter();
        Report report = new Report(new PrintWriter(text), new Terminal(false, false, 400), false);
        List<Finding> told = new ArrayList<>();
        try (Transport transport =
                TransferProtocols.AUTO.transport(TransferClientOptions.DEFAULT, TimeSource.system())) {
            Doctor.cluster(transport, true, gateway, servers, peers, told::add);
        }
        told.forEach(report::add);
        report.end();
        return text.toString();
    }

    private static ServerLook server(String label, ClockOffset clock, String metrics) {
        return new ServerLook(
                label,
                Optional.empty(),
                Optional.of(clock),
                Exposition.parse(metrics),
                Optional.empty(),
                Optional.empty());
    }
}
