package io.yuebing.transfer;

import java.io.IOException;
import java.util.List;

/**
 * The frames of {@link FrameDescriptor} on TCP connections; payloads travel in the frames or in memory that two processes
 * of one host share.
 *
 * @param ring whether shared memory is used
 */
record FrameProtocol(String name, Frame.RingWish ring) implements TransferProtocol {

    @Override
    public Transport transport(TransferClientOptions options, TimeSource time) {
        return new FrameTransport(name, ring, options, time);
    }

    @Override
    public TransferServer serve(TransferServerOptions options, List<Segment> segments, TimeSource time)
            throws IOException {
        return FrameServer.start(ring, options, segments, time);
    }
}
