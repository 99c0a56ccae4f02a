package io.yuebing.dialect;

import org.jspecify.annotations.Nullable;

/**
 * Tells a handler whether the client of its request has gone away.
 *
 * <p>Helidon tells a handler only when a write fails, so a request that is not streamed would run to its end for nobody.
 */
interface ClientConnection {
    /** Starts watching; the request's body must have been read. */
    void watch();

    /** Whether the client has closed the connection, or its stream in it. */
    boolean gone();

    /** The answer is complete; returns when the connection can serve its next request or throws to close it. */
    void release();

    /** The answer broke off. */
    void abandon();

    /** Begins a wait for the rest of the client's request, which has an end. */
    Wait forBody();

    /** Begins a wait for the client to take what is written, which has an end. */
    Wait forReader();

    /** Its request was refused before any handler saw it; the log names such a client once. */
    void complain(String why);

    /** Something that the client is waited for; ended by the thread that began it. */
    @FunctionalInterface
    interface Wait extends AutoCloseable {
        @Override
        void close();
    }

    /** The client whose request the calling thread handles. */
    static ClientConnection current() {
        ClientConnection client = OfThread.CURRENT.get();
        return client == null ? new Unwatched() : client;
    }

    /** Says whose request the calling thread will handle next. */
    static void enter(ClientConnection client) {
        OfThread.CURRENT.set(client);
    }

    /** The thread that Helidon runs a request's handler on knows its client. */
    final class OfThread {
        private static final ThreadLocal<@Nullable ClientConnection> CURRENT = new ThreadLocal<>();

        private OfThread() {}
    }

    /** A connection of which nothing but failing writes is known. */
    final class Unwatched implements ClientConnection {
        @Override
        public void watch() {}

        @Override
        public boolean gone() {
            return false;
        }

        @Override
        public void release() {}

        @Override
        public void abandon() {}

        @Override
        public Wait forBody() {
            return () -> {};
        }

        @Override
        public Wait forReader() {
            return () -> {};
        }

        @Override
        public void complain(String why) {}
    }
}
