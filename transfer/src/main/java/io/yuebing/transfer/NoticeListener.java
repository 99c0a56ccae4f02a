package io.yuebing.transfer;

/** Hears the messages that peers attach to their batches. */
@FunctionalInterface
public interface NoticeListener {

    /** For segments whose owner is told in another way. */
    NoticeListener IGNORE = (_, _) -> {};

    /**
     * A batch with this notice is complete: every write is applied, every read has left. Called by a connection's thread
     * before the sender hears of it; must return quickly. May come twice if the connection broke in between.
     *
     * @param peer host of the sender
     */
    void notice(String peer, byte[] message);
}
