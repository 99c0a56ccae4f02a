package io.yuebing.transfer.mooncake;

import io.yuebing.transfer.PeerAddress;
import io.yuebing.transfer.Segment;
import io.yuebing.transfer.TimeSource;
import io.yuebing.transfer.TransferClientOptions;
import io.yuebing.transfer.TransferException;
import io.yuebing.transfer.TransferException.Kind;
import io.yuebing.transfer.TransferProtocol;
import io.yuebing.transfer.TransferServerOptions;
import io.yuebing.transfer.Transport;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * The wire of Mooncake's classic transfer engine over TCP, so that its processes and this one share segments.
 *
 * <p>The protocol has neither checksums nor tickets nor proof of identity. What the others promise beyond its means
 * (tickets, greetings, secrets, TLS) is refused rather than left out.
 *
 * @param metadata where segments are found
 * @param segmentName name of the own segment; empty for the address of its daemon
 */
public record MooncakeProtocol(MooncakeMetadata metadata, Optional<String> segmentName) implements TransferProtocol {
    static final String NO_SECURITY =
            "Mooncake's protocol knows neither secrets nor TLS; leave them out, or use the" + " protocol tcp";

    /** Without a metadata server. */
    public MooncakeProtocol() {
        this(new MooncakeMetadata.PeerToPeer(), Optional.empty());
    }

    @Override
    public String name() {
        return "mooncake";
    }

    @Override
    public Transport transport(TransferClientOptions options, TimeSource time) {
        return new MooncakeTransport(metadata, options, time);
    }

    @Override
    public MooncakeServer serve(TransferServerOptions options, List<Segment> segments, TimeSource time)
            throws IOException {
        return MooncakeServer.start(metadata, segmentName, options, segments, time);
    }

    /**
     * Asks the metadata server where the owner of a segment is.
     *
     * @throws TransferException if there is no such server, or it does not know the segment
     */
    public PeerAddress locate(String segment) throws TransferException {
        if (!(metadata instanceof MooncakeMetadata.Http http)) {
            throw new TransferException(
                    Kind.CONNECT_FAILED, "without a metadata server a segment is found by its address alone");
        }
        try (MetadataClient client = new MetadataClient(http.address())) {
            return client.get(MetadataClient.daemonKey(segment))
                    .flatMap(Registration::address)
                    .orElseThrow(() -> new TransferException(
                            Kind.CONNECT_FAILED,
                            "the metadata server " + http.address() + " knows no segment '" + segment + "'"));
        } catch (TransferException e) {
            throw e;
        } catch (IOException e) {
            throw new TransferException(Kind.CONNECT_FAILED, String.valueOf(e.getMessage()), e);
        }
    }

    /** What nobody can promise over this wire, for logs and people. */
    static String missing(int version) {
        return "no checksum, no lease, no proof of identity"
                + (version < MooncakeDescriptor.ACKNOWLEDGED_VERSION ? ", writes not acknowledged" : "");
    }
}
