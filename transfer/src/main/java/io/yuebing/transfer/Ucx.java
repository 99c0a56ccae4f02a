package io.yuebing.transfer;

import java.io.IOException;
import java.net.InetAddress;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.openucx.jucx.UcxException;
import org.openucx.jucx.ucp.UcpContext;
import org.openucx.jucx.ucp.UcpParams;

/**
 * The UCX library of this host, if it has one: remote memory access over RDMA, shared memory or TCP, whatever it finds.
 *
 * <p>There are two contexts. Peers on loopback are reached without opening any other network device, because UCX lets
 * whoever reaches its ports write into the process.
 */
public final class Ucx {
    private static final String INSTALL =
            "UCX cannot be used on this host (%s): install it, on Debian and Ubuntu apt-get install libucx0, or use"
                    + " another protocol";

    private static final Object LOCK = new Object();
    private static @Nullable UcpContext loopback;
    private static @Nullable UcpContext everywhere;

    private Ucx() {}

    /** Why UCX cannot be used here, as a sentence that says what to do; empty if it can. */
    public static Optional<String> unavailable() {
        try {
            context(true);
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    /** The context for a peer, or a listener, at this address; it lives as long as the process. */
    static UcpContext context(InetAddress address) throws IOException {
        return context(address.isLoopbackAddress());
    }

    private static UcpContext context(boolean onLoopback) throws IOException {
        synchronized (LOCK) {
            UcpContext known = onLoopback ? loopback : everywhere;
            if (known != null) {
                return known;
            }
            UcpContext made = create(onLoopback);
            if (onLoopback) {
                loopback = made;
            } else {
                everywhere = made;
            }
            return made;
        }
    }

    private static UcpContext create(boolean onLoopback) throws IOException {
        try {
            UcpParams params =
                    new UcpParams().requestRmaFeature().requestWakeupFeature().setMtWorkersShared(true);
            return new UcpContext(onLoopback ? params.setConfig("NET_DEVICES", "lo") : params);
        } catch (LinkageError e) {
            throw new IOException(INSTALL.formatted(firstCause(e)), e);
        } catch (UcxException e) {
            throw new IOException(INSTALL.formatted(e.getMessage()), e);
        }
    }

    private static String firstCause(Throwable e) {
        Throwable cause = e;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return String.valueOf(cause.getMessage());
    }
}
