package io.yuebing.transfer;

import java.io.IOException;
import java.util.List;

/** TCP connections that carry the frames of {@link FrameDescriptor}. */
final class TcpProtocol implements TransferProtocol {

    @Override
    public String name() {
        return "tcp";
    }

    @Override
    public Transport transport(TransferClientOptions options, TimeSource time) {
        return new TcpTransport(options, time);
    }

    @Override
    public TransferServer serve(TransferServerOptions options, List<Segment> segments, TimeSource time)
            throws IOException {
        return TcpTransferServer.start(options, segments, time);
    }
}
