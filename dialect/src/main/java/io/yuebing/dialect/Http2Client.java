package io.yuebing.dialect;

/** The client of one HTTP/2 stream; the connection's {@link Http2Watch} sees it go away. */
final class Http2Client implements ClientConnection {
    private final Http2Watch connection;
    private final int streamId;
    private final SlowClients slow;
    private final String host;

    Http2Client(Http2Watch connection, int streamId, SlowClients slow, String host) {
        this.connection = connection;
        this.streamId = streamId;
        this.slow = slow;
        this.host = host;
    }

    /** Nothing to start: the connection is read all the time. */
    @Override
    public void watch() {}

    @Override
    public boolean gone() {
        return connection.gone(streamId);
    }

    /** Other streams of the connection go on by themselves. */
    @Override
    public void release() {
        connection.forget(streamId);
    }

    @Override
    public void abandon() {
        connection.forget(streamId);
    }

    @Override
    public Wait forBody() {
        return slow.body(host);
    }

    @Override
    public Wait forReader() {
        return slow.piece(host);
    }

    @Override
    public void complain(String why) {
        slow.complain(host, why);
    }
}
