package io.yuebing.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** Describes a remote segment. */
@Command(
        name = "stat",
        description = "Prints what another process offers, as one line of JSON.",
        footer = {"", "Example:", "  ./yuebing transfer stat --peer 127.0.0.1:9100"})
final class TransferStatCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Mixin
    private TransferPeerOptions peer = new TransferPeerOptions();

    @Override
    public Integer call() throws Exception {
        return peer.use((session, _) -> {
            Map<String, Object> facts = new LinkedHashMap<>();
            facts.put("name", session.segment());
            facts.put("address", session.peer().toString());
            facts.put("size", session.segmentBytes());
            facts.put("protocol", session.route().protocol());
            facts.put("why", session.route().why());
            facts.put("max_slice", session.maxSliceBytes());
            if (session.route().protocol().equals("mooncake")) {
                // what this peer said of itself is its segment's descriptor
                facts.put("descriptor", JsonMapper.shared().readTree(session.peerHello()));
            }
            YuebingCommand.commandLine(spec)
                    .getOut()
                    .println(JsonMapper.shared().writeValueAsString(facts));
        });
    }
}
