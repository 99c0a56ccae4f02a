package io.yuebing.cli.up;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Asks whether something is ready now. */
@FunctionalInterface
public interface Probe {
    boolean ready();

    /**
     * Ready when {@code GET /health} is answered with 200.
     *
     * <p>By a plain socket: the JDK's HTTP client alone would cost a third of the start-up time of {@code up}.
     */
    static Probe http(String host, int port) {
        byte[] request = ("GET /health HTTP/1.1\r\nHost: " + host + ":" + port + "\r\nConnection: close\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
        byte[] success = "HTTP/1.1 200".getBytes(StandardCharsets.US_ASCII);
        return () -> {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(host, port), 1_000);
                socket.setSoTimeout(2_000);
                socket.getOutputStream().write(request);
                byte[] answer = socket.getInputStream().readNBytes(success.length);
                return Arrays.equals(answer, success);
            } catch (IOException e) {
                return false;
            }
        };
    }
}
