/**
 * Moves bytes into another process's memory, verified.
 *
 * <p>A receiver offers a {@link io.yuebing.transfer.Segment}: named memory with a {@link io.yuebing.transfer.WriteGuard}
 * that decides over every write. A sender reaches it through a {@link io.yuebing.transfer.Transport}, which gives a
 * {@link io.yuebing.transfer.TransferSession}. {@link io.yuebing.transfer.FrameDescriptor} draws what travels;
 * {@link io.yuebing.transfer.mooncake.MooncakeProtocol} speaks Mooncake's wire instead. Nothing
 * here knows what the bytes mean; KV caches are the connector's business.
 */
@org.jspecify.annotations.NullMarked
module io.yuebing.transfer {
    requires static transitive org.jspecify;
    requires io.yuebing.kernels;
    requires io.helidon.http;
    requires io.helidon.webserver;
    requires java.net.http;
    requires jucx;
    requires org.slf4j;
    requires tools.jackson.databind;

    exports io.yuebing.transfer;
    exports io.yuebing.transfer.mooncake;
    exports io.yuebing.transfer.topology;
}
