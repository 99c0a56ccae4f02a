package io.yuebing.cli;

import io.yuebing.api.NodeInfo;
import io.yuebing.api.UserError;
import io.yuebing.dialect.NodeWire;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;

/** Asks a node to finish what it has and to end. */
@Command(
        name = "drain",
        description = "Asks a node to take no new work, finish what runs and end; waits until it has ended.",
        footer = {
            "",
            "Requests that do not finish within the node's --drain-timeout go on on other nodes. With",
            "--gateway NODE may also be a role or the beginning of an instance id, if it names one node.",
            "",
            "Examples:",
            "  ./yuebing drain http://10.0.0.6:8102",
            "  ./yuebing drain 10.0.0.6:8102 --no-wait",
            "  ./yuebing drain decode --gateway http://127.0.0.1:8000"
        })
final class DrainCommand implements Callable<Integer> {
    private static final Duration ANSWER = Duration.ofSeconds(5);
    private static final Duration LOOK = Duration.ofMillis(200);

    @Parameters(paramLabel = "NODE", description = "The node: http://HOST:PORT or HOST:PORT.")
    private String name = "";

    @Option(names = "--gateway", paramLabel = "URL", description = "Gateway that knows the node by role or id.")
    private @Nullable URI gateway;

    @Option(names = "--no-wait", description = "Do not wait until the node has ended.")
    private boolean noWait;

    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(ANSWER)
            .build();

    @Override
    public Integer call() throws InterruptedException {
        URI node = gateway == null ? address() : find(gateway);
        NodeInfo drained = ask(node, "POST", NodeWire.DRAIN, new TypeReference<>() {});
        System.out.println(drained.label() + " drains");
        if (!noWait) {
            while (lives(node, drained.instanceId())) {
                Thread.sleep(LOOK);
            }
            System.out.println(drained.label() + " has ended");
        }
        return 0;
    }

    private URI address() {
        return address(name)
                .orElseThrow(() -> new UserError("'" + name + "' is no address of a node; expected http://HOST:PORT or"
                        + " HOST:PORT, or a role or instance id together with --gateway URL"));
    }

    private static Optional<URI> address(String text) {
        try {
            URI uri = URI.create(text.contains("://") ? text : "http://" + text);
            return uri.getHost() != null && uri.getPort() > 0 ? Optional.of(uri) : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private URI find(URI at) throws InterruptedException {
        List<NodeInfo> known = ask(at, "GET", NodeWire.NODES, new TypeReference<>() {});
        List<NodeInfo> meant = known.stream().filter(this::isMeant).toList();
        if (meant.size() != 1) {
            throw new UserError("'" + name + "' names " + (meant.isEmpty() ? "none" : meant.size())
                    + " of the nodes of "
                    + at + ", which are: "
                    + (known.isEmpty()
                            ? "none"
                            : String.join(
                                    ", ",
                                    known.stream().map(DrainCommand::shown).toList())));
        }
        return meant.getFirst().uri();
    }

    private boolean isMeant(NodeInfo node) {
        String wanted = name.toLowerCase(Locale.ROOT);
        return node.role().wireName().equals(wanted)
                || node.instanceId().startsWith(wanted)
                || address(name)
                        .map(uri -> uri.getAuthority().equals(node.uri().getAuthority()))
                        .orElse(false);
    }

    private static String shown(NodeInfo node) {
        return node.label() + " ("
                + node.instanceId().substring(0, Math.min(8, node.instanceId().length())) + ")";
    }

    private boolean lives(URI node, String instanceId) throws InterruptedException {
        try {
            NodeInfo now = ask(node, "GET", NodeWire.INFO, new TypeReference<>() {});
            return now.instanceId().equals(instanceId);
        } catch (OperationFailed gone) {
            return false;
        }
    }

    private <T> T ask(URI server, String method, String path, TypeReference<T> type) throws InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(server.resolve(path))
                .timeout(ANSWER)
                .method(method, HttpRequest.BodyPublishers.noBody())
                .build();
        try {
            HttpResponse<byte[]> answer = http.send(request, HttpResponse.BodyHandlers.ofByteArray());
            if (answer.statusCode() != 200) {
                throw new OperationFailed(server + " answered " + path + " with HTTP " + answer.statusCode() + ": "
                        + new String(answer.body(), StandardCharsets.UTF_8));
            }
            return NodeWire.read(answer.body(), type);
        } catch (IOException | JacksonException e) {
            throw new OperationFailed(
                    server + " cannot be reached as a node or gateway of Yuebing: "
                            + (e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage()),
                    e);
        }
    }
}
