package io.yuebing.cli.hub;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Chooses proxies by {@code https_proxy}, {@code http_proxy} and {@code no_proxy}, which Java does not heed itself. */
final class EnvironmentProxy extends ProxySelector {
    private static final List<Proxy> DIRECT = List.of(Proxy.NO_PROXY);

    private final Map<String, Proxy> byScheme;
    private final List<String> exceptions;

    private EnvironmentProxy(Map<String, Proxy> byScheme, List<String> exceptions) {
        this.byScheme = byScheme;
        this.exceptions = exceptions;
    }

    static EnvironmentProxy of(Map<String, String> environment) {
        Map<String, Proxy> byScheme = new java.util.HashMap<>();
        for (String scheme : List.of("http", "https")) {
            variable(environment, scheme + "_proxy")
                    .flatMap(EnvironmentProxy::parse)
                    .ifPresent(proxy -> byScheme.put(scheme, proxy));
        }
        List<String> exceptions = variable(environment, "no_proxy").stream()
                .flatMap(list -> Arrays.stream(list.split(",")))
                .map(name -> name.strip().toLowerCase(Locale.ROOT))
                .map(name -> name.startsWith(".") ? name.substring(1) : name)
                .filter(name -> !name.isEmpty())
                .toList();
        return new EnvironmentProxy(Map.copyOf(byScheme), exceptions);
    }

    @Override
    public List<Proxy> select(URI uri) {
        Proxy proxy = byScheme.get(uri.getScheme());
        return proxy == null || excepted(uri.getHost()) ? DIRECT : List.of(proxy);
    }

    @Override
    public void connectFailed(URI uri, SocketAddress address, IOException failure) {
        // The request fails with the same exception.
    }

    private boolean excepted(String host) {
        String name = host.toLowerCase(Locale.ROOT);
        return exceptions.stream().anyMatch(rule -> rule.equals("*") || name.equals(rule) || name.endsWith("." + rule));
    }

    private static Optional<String> variable(Map<String, String> environment, String name) {
        String value = environment.getOrDefault(name, environment.getOrDefault(name.toUpperCase(Locale.ROOT), ""));
        return value.isBlank() ? Optional.empty() : Optional.of(value.strip());
    }

    private static Optional<Proxy> parse(String text) {
        URI uri = URI.create(text.contains("://") ? text : "http://" + text);
        if (uri.getHost() == null) {
            return Optional.empty();
        }
        int port = uri.getPort() >= 0 ? uri.getPort() : 80;
        return Optional.of(new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved(uri.getHost(), port)));
    }
}
