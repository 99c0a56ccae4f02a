package io.yuebing.cli;

import java.net.URI;

/** A node or gateway that was started in this process. */
interface RunningServer extends AutoCloseable {
    /** Where it is reached. */
    URI uri();

    /** Has an action run once if somebody asks this server over the network to drain. */
    default void onDrainRequest(Runnable action) {}

    /** Takes no new work and waits until what runs has finished or has gone elsewhere. */
    void drain() throws InterruptedException;
}
