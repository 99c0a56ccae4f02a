/**
 * Moves bytes into another process's memory, verified.
 *
 * <p>A receiver offers a {@link io.yuebing.transfer.Segment}: named memory with a {@link io.yuebing.transfer.WriteGuard}
 * that decides over every write. A sender reaches it through a {@link io.yuebing.transfer.Transport}, which gives a
 * {@link io.yuebing.transfer.TransferSession}. {@link io.yuebing.transfer.FrameDescriptor} draws what travels. Nothing
 * here knows what the bytes mean; KV caches are the connector's business.
 */
@org.jspecify.annotations.NullMarked
module io.yuebing.transfer {
    requires static transitive org.jspecify;
    requires org.slf4j;

    exports io.yuebing.transfer;
}
