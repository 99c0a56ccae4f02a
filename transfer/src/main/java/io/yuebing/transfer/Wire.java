package io.yuebing.transfer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SocketChannel;

/** A connection that carries bytes, encrypted or not. One thread reads while another writes; anyone may close. */
interface Wire extends ReadableByteChannel {

    /** Writes all remaining bytes of all buffers. */
    void write(ByteBuffer... buffers) throws IOException;

    /** Bytes as they are. */
    record Plain(SocketChannel channel) implements Wire {
        @Override
        public int read(ByteBuffer into) throws IOException {
            return channel.read(into);
        }

        @Override
        public void write(ByteBuffer... buffers) throws IOException {
            int first = 0;
            while (first < buffers.length) {
                channel.write(buffers, first, buffers.length - first);
                while (first < buffers.length && !buffers[first].hasRemaining()) {
                    first++;
                }
            }
        }

        @Override
        public boolean isOpen() {
            return channel.isOpen();
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
