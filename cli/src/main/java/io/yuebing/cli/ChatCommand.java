package io.yuebing.cli;

import io.yuebing.cli.chat.ChatClient;
import io.yuebing.cli.chat.ChatSession;
import io.yuebing.cli.process.ExitSignals;
import io.yuebing.cli.settings.Configuration;
import io.yuebing.cli.settings.Part;
import io.yuebing.cli.settings.Settings;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Talks to a running gateway. */
@Uses(Part.CHAT)
@Command(
        name = "chat",
        description = "Talks to a running gateway in the terminal; reads questions from a pipe, too.",
        footer = {
            "",
            "Without --gateway it talks to the address that host and port of the configuration give.",
            "",
            "Examples:",
            "  ./yuebing chat",
            "  ./yuebing chat --gateway http://10.0.0.5:8000 --system 'Answer in one sentence.'",
            "  echo 'What is 7 + 5?' | ./yuebing chat"
        })
final class ChatCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--system", paramLabel = "TEXT", description = "System message.")
    private String system = "";

    @Option(names = "--max-tokens", paramLabel = "N", description = "Longest answer in tokens.")
    private @Nullable Integer maxTokens;

    @Option(names = "--temperature", paramLabel = "T", description = "Sampling temperature; 0 is greedy.")
    private @Nullable Double temperature;

    @Override
    public Integer call() throws Exception {
        Configuration configuration = SettingOptions.configuration(spec);
        URI server = GatewayStart.running(configuration);
        try (ChatClient client = new ChatClient(server, configuration.find(Settings.API_KEY))) {
            ExitSignals.onInterrupt(() -> {
                if (!client.cancel()) {
                    System.out.println();
                    Runtime.getRuntime().halt(ExitSignals.INTERRUPTED);
                }
            });
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            Terminal terminal = Terminal.detect(System.getenv());
            boolean answered = new ChatSession(client, client.model(), style(), system, in, System.out, terminal).run();
            return answered ? 0 : 1;
        }
    }

    private ChatClient.Style style() {
        return new ChatClient.Style(
                maxTokens == null ? OptionalInt.empty() : OptionalInt.of(maxTokens),
                temperature == null ? OptionalDouble.empty() : OptionalDouble.of(temperature));
    }
}
