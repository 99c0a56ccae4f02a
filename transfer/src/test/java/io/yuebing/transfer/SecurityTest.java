package io.yuebing.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who is not known gets nothing; who listens to the world knows whom. */
@Timeout(60)
class SecurityTest {
    private static final TransferSecurity NONE = new TransferSecurity.None();
    private static final int SLICE = 1 << 16;

    private final List<AutoCloseable> open = new ArrayList<>();

    private static TransferSecurity secret(String text) {
        return new TransferSecurity.SharedSecret(text.getBytes(StandardCharsets.UTF_8));
    }

    private static TransferSecurity tls(String name, String authority) throws IOException {
        return TransferSecurity.Tls.load(
                resource(name + ".pem"), resource(name + ".key"), resource(authority + "-ca.pem"));
    }

    private static Path resource(String name) {
        try {
            return Path.of(SecurityTest.class.getResource("tls/" + name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private TransferServer serve(TransferSecurity security) throws IOException {
        TransferServer server = TransferProtocols.AUTO.serve(
                TransferServerOptions.loopback(SLICE).withSecurity(security, false),
                List.of(Segment.open("all", Arena.ofAuto().allocate(1 << 20))),
                TimeSource.system());
        open.add(server);
        return server;
    }

    private TransferSession connect(TransferServer server, TransferProtocol protocol, TransferSecurity security)
            throws TransferException {
        Transport transport =
                protocol.transport(TransferClientOptions.DEFAULT.withSecurity(security), TimeSource.system());
        open.add(transport);
        return transport.connect(new PeerAddress("127.0.0.1", server.address().getPort()), "all", Greeting.EMPTY);
    }

    private static void writeAndRead(TransferSession session) {
        Arena arena = Arena.ofAuto();
        var sent = arena.allocate(SLICE).fill((byte) 5);
        var back = arena.allocate(SLICE);
        for (Slice slice :
                List.of(new SliceWrite(Slice.NO_TICKET, 0, 0, sent), new SliceRead(Slice.NO_TICKET, 0, 0, back))) {
            try {
                session.submit(List.of(slice), BatchOptions.within(Duration.ofMinutes(1)))
                        .done()
                        .orTimeout(20, TimeUnit.SECONDS)
                        .join();
            } catch (TransferException e) {
                throw new AssertionError(e);
            }
        }
        assertThat(back.mismatch(sent)).isEqualTo(-1);
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    @Test
    void peersWithTheSameSecretTalk() throws Exception {
        TransferServer server = serve(secret("a secret of good length"));
        for (TransferProtocol protocol : List.of(TransferProtocols.TCP, TransferProtocols.SHM)) {
            writeAndRead(connect(server, protocol, secret("a secret of good length")));
        }
    }

    @Test
    void aPeerWithoutTheSecretGetsNothing() throws Exception {
        TransferServer server = serve(secret("a secret of good length"));
        assertThatThrownBy(() -> connect(server, TransferProtocols.TCP, NONE))
                .hasMessageContaining("asks for a transfer secret and this side has none");
        assertThatThrownBy(() -> connect(server, TransferProtocols.TCP, secret("another secret, also long")))
                .hasMessageContaining("has another transfer secret than this side");
        try (RawPeer forger = new RawPeer(server.address())) {
            forger.send(FrameCodec.encode(RawPeer.hello("all")));
            Frame.Challenge challenge = (Frame.Challenge) forger.next();
            // the owner's own proof, sent back
            forger.send(FrameCodec.encode(new Frame.Proof(challenge.proof())));
            assertThat(forger.next())
                    .isEqualTo(new Frame.Refuse(
                            "the transfer secret is not the one of this server; give both the same one"));
        }
    }

    @Test
    void aServerThatDoesNotKnowTheSecretIsNotTrusted() throws Exception {
        assertThatThrownBy(() -> connect(serve(NONE), TransferProtocols.TCP, secret("a secret of good length")))
                .hasMessageContaining("did not prove that it knows the transfer secret");
    }

    @Test
    void peersWithCertificatesOfOneAuthorityTalk() throws Exception {
        TransferServer server = serve(tls("known", "known"));
        writeAndRead(connect(server, TransferProtocols.TCP, tls("known", "known")));
    }

    @Test
    void aStrangersCertificateIsRefusedByEitherSide() throws Exception {
        TransferServer server = serve(tls("known", "known"));
        assertThatThrownBy(() -> writeAndRead(connect(server, TransferProtocols.TCP, tls("stranger", "known"))))
                .isInstanceOf(TransferException.class);
        assertThatThrownBy(() -> connect(server, TransferProtocols.TCP, tls("known", "stranger")))
                .isInstanceOf(TransferException.class);
        assertThatThrownBy(() -> connect(server, TransferProtocols.TCP, NONE)).isInstanceOf(TransferException.class);
        assertThat(server.stats().slicesReceived()).isZero();
        writeAndRead(connect(server, TransferProtocols.TCP, tls("known", "known")));
    }

    @Test
    void aKeyOfAnotherKindThanItsCertificateIsNamed() {
        assertThatThrownBy(() -> TransferSecurity.Tls.load(
                        resource("known.pem"), resource("known.pem"), resource("known-ca.pem")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("known.pem holds no unencrypted PKCS#8 key");
    }

    @Test
    void listeningToTheWorldNeedsASecretOrTlsOrConsent() throws Exception {
        TransferServerOptions world = TransferServerOptions.listening("0.0.0.0", 0, SLICE);
        List<Segment> segments = List.of(Segment.open("all", Arena.ofAuto().allocate(1)));
        assertThatThrownBy(() -> TransferProtocols.TCP.serve(world, segments, TimeSource.system()))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("will not listen for transfers on 0.0.0.0:0 with neither a secret nor TLS")
                .hasMessageContaining("--insecure-transfer");
        open.add(TransferProtocols.TCP.serve(world.withSecurity(NONE, true), segments, TimeSource.system()));
        open.add(TransferProtocols.TCP.serve(
                world.withSecurity(secret("a secret of good length"), false), segments, TimeSource.system()));
    }
}
