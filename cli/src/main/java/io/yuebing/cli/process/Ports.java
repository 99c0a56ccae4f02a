package io.yuebing.cli.process;

import io.yuebing.api.UserError;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;

/** TCP ports to listen on. */
public final class Ports {
    private Ports() {}

    /**
     * Makes sure, before anything slow begins, that a port can be listened on.
     *
     * @param port 0 is always free
     * @throws UserError if another program listens there, or the address is not of this machine
     */
    public static void requireFree(String host, int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.bind(new InetSocketAddress(InetAddress.getByName(host), port));
        } catch (UnknownHostException e) {
            throw new UserError("address '" + host + "' is unknown; give an address of this machine with --host", e);
        } catch (IOException e) {
            throw new UserError(
                    "cannot listen on " + host + ":" + port + " (" + e.getMessage()
                            + "); stop the program that uses it or choose another with --port",
                    e);
        }
    }

    /** Different ports on the loopback address that are free now. */
    public static List<Integer> free(int count) {
        List<ServerSocket> held = new ArrayList<>();
        try {
            List<Integer> ports = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                held.add(socket);
                ports.add(socket.getLocalPort());
            }
            return ports;
        } catch (IOException e) {
            throw new UncheckedIOException("no free port on the loopback address", e);
        } finally {
            held.forEach(Ports::close);
        }
    }

    private static void close(ServerSocket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
