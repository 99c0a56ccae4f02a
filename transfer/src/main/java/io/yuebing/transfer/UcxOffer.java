package io.yuebing.transfer;

import io.yuebing.transfer.topology.RdmaPort;
import io.yuebing.transfer.topology.SystemFiles;
import java.io.IOException;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Decides where UCX is used: where it was asked for, and by {@code auto} where there are RDMA devices. */
final class UcxOffer {
    private static final Logger log = LoggerFactory.getLogger(UcxOffer.class);

    private UcxOffer() {}

    /**
     * The memory that a server offers to UCX; null if it offers none.
     *
     * @throws IOException if the server is to speak UCX and cannot, or must not, as a sentence
     */
    static @Nullable UcxRings rings(Frame.RingWish wish, TransferServerOptions options) throws IOException {
        if (wish != Frame.RingWish.UCX && (wish != Frame.RingWish.IF_POSSIBLE || !hasRdma())) {
            return null;
        }
        try {
            InetAddress address = InetAddress.getByName(options.host());
            if (options.security() instanceof TransferSecurity.Tls) {
                throw new IOException("UCX does not encrypt what it carries; leave the certificates out, or use the"
                        + " protocol tcp");
            }
            if (!address.isLoopbackAddress() && !options.insecure()) {
                throw new IOException("will not let UCX into this process from " + options.host() + ", for whoever"
                        + " reaches its ports could write there, even without knowing the secret: give"
                        + " --insecure-transfer if every host of that network is trusted, or use the protocol tcp");
            }
            return new UcxRings(address, FrameServer.ringBytes(options));
        } catch (IOException e) {
            if (wish == Frame.RingWish.UCX) {
                throw e;
            }
            log.info("transfers do not use UCX: {}", e.getMessage());
            return null;
        }
    }

    /** Whether a caller that may choose should try UCX for a peer on another host. */
    static boolean isPreferred(TransferSecurity security) {
        return !(security instanceof TransferSecurity.Tls)
                && hasRdma()
                && Ucx.unavailable().isEmpty();
    }

    private static boolean hasRdma() {
        return RdmaPort.all(SystemFiles.HERE).stream().anyMatch(RdmaPort::active);
    }
}
