package io.yuebing.cli;

import io.yuebing.api.UserError;
import io.yuebing.cli.settings.Configuration;
import io.yuebing.cli.settings.Part;
import io.yuebing.cli.top.Top;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Shows a running cluster in the terminal. */
@Uses(Part.OBSERVER)
@Command(
        name = "top",
        description = {
            "Shows nodes, queues, KV use and transfers of a running cluster, live; q or Ctrl-C ends it.",
            "Rates are those of the last interval; - stands for what is not known, or is not there."
        },
        footer = {
            "",
            "Without --gateway it asks the address that host and port of the configuration give; a node",
            "that serves without a gateway can be named, too. Nodes that the gateway has lost stay on",
            "the screen for a minute.",
            "",
            "Examples:",
            "  ./yuebing top",
            "  ./yuebing top --gateway http://10.0.0.1:8000 --interval 5s",
            "  ./yuebing top --once | grep prefill"
        })
final class TopCommand implements Callable<Integer> {
    private static final Pattern INTERVAL = Pattern.compile("(\\d{1,4}(?:\\.\\d{1,3})?)s?");
    private static final Duration SHORTEST = Duration.ofMillis(200);
    private static final Duration LONGEST = Duration.ofMinutes(1);

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--interval",
            paramLabel = "TIME",
            defaultValue = "1s",
            description = "Time between two frames, from 0.2s to 60s @|faint (1s)|@.")
    private String interval = "1s";

    @Option(names = "--once", description = "Print one frame, after one interval, and end.")
    private boolean once;

    @Override
    public Integer call() throws InterruptedException {
        Configuration configuration = SettingOptions.configuration(spec);
        Terminal terminal = Terminal.detect(System.getenv());
        Top top = new Top(GatewayStart.running(configuration), interval(), terminal, System.out);
        if (once) {
            top.once();
        } else if (terminal.interactive()) {
            top.live();
        } else {
            throw new UserError(
                    "this is no terminal that a live view could be drawn on; add --once to print one frame");
        }
        return 0;
    }

    private Duration interval() {
        Matcher seconds = INTERVAL.matcher(interval);
        if (seconds.matches()) {
            Duration given = Duration.ofMillis(Math.round(Double.parseDouble(seconds.group(1)) * 1000));
            if (given.compareTo(SHORTEST) >= 0 && given.compareTo(LONGEST) <= 0) {
                return given;
            }
        }
        throw new UserError("--interval '" + interval + "' was given, expected a time from 0.2s to 60s such as 2s");
    }
}
