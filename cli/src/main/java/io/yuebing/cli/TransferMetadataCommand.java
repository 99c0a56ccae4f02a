package io.yuebing.cli;

import io.yuebing.api.UserError;
import io.yuebing.cli.log.Logging;
import io.yuebing.cli.process.ExitSignals;
import io.yuebing.transfer.mooncake.MetadataServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** Runs the metadata server of a Mooncake cluster. */
@Command(
        name = "metadata",
        description = {
            "Runs an HTTP metadata server, where Mooncake's processes find each other's segments, until Ctrl-C or"
                    + " SIGTERM.",
            "Prints its address as one line of JSON when it can be reached. What it knows is gone when it ends."
        },
        footer = {
            "",
            "Examples:",
            "  ./yuebing transfer metadata --listen 127.0.0.1:8080",
            "  ./yuebing transfer serve --protocol mooncake --metadata http://127.0.0.1:8080/metadata"
                    + " --segment-name kv-1 --listen 127.0.0.1:12001",
            "  ./yuebing transfer stat --protocol mooncake --metadata http://127.0.0.1:8080/metadata --segment kv-1"
        })
final class TransferMetadataCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--listen",
            paramLabel = "HOST:PORT",
            defaultValue = "127.0.0.1:8080",
            description = "Where to listen; port 0 takes any free one @|faint (127.0.0.1:8080)|@.")
    private String listen = "127.0.0.1:8080";

    @Override
    public Integer call() throws InterruptedException {
        Logging.configure("transfer", "info");
        TransferAmounts.Listen address = TransferAmounts.listen(listen);
        ExitSignals signals = ExitSignals.install();
        try (MetadataServer server = MetadataServer.start(address.host(), address.port())) {
            Map<String, Object> facts = new LinkedHashMap<>();
            facts.put("address", address.host() + ":" + server.port());
            facts.put("metadata", "http://" + address.host() + ":" + server.port() + "/metadata");
            PrintWriter out = YuebingCommand.commandLine(spec).getOut();
            out.println(JsonMapper.shared().writeValueAsString(facts));
            out.flush();
            signals.await();
            return 0;
        } catch (IOException e) {
            throw new UserError(String.valueOf(e.getMessage()), e);
        }
    }
}
