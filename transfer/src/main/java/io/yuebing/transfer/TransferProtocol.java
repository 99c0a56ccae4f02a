package io.yuebing.transfer;

import java.io.IOException;
import java.util.List;

/**
 * A way to move bytes between processes: how both ends are made.
 *
 * <p>A further protocol is one class that implements this and one line in {@link TransferProtocols}.
 */
public interface TransferProtocol {

    /** Name in flags, metrics and logs: lower case, for example {@code tcp}. */
    String name();

    /** The calling side. */
    Transport transport(TransferClientOptions options, TimeSource time);

    /**
     * Binds and starts the offering side.
     *
     * @throws IOException if it cannot listen, as a sentence that names the address and what to do
     */
    TransferServer serve(TransferServerOptions options, List<Segment> segments, TimeSource time) throws IOException;
}
