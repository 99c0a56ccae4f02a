package io.yuebing.cli.process;

/** Addresses as clients write them. */
public final class Addresses {
    private Addresses() {}

    /** Where a server that listens on {@code host} is reached from this machine. */
    public static String reachable(String host) {
        return switch (host) {
            case "0.0.0.0" -> "127.0.0.1";
            case "::" -> "::1";
            default -> host;
        };
    }

    /** {@code http://host:port}, with brackets around IPv6 addresses. */
    public static String url(String host, int port) {
        return "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
}
