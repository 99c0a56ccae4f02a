package io.yuebing.cli;

import java.net.URI;

/** A node or gateway that was started in this process. */
interface RunningServer extends AutoCloseable {
    /** Where it is reached. */
    URI uri();
}
