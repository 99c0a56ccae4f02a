package io.yuebing.cli;

import io.yuebing.cli.settings.Configuration;
import io.yuebing.cli.settings.Setting;
import io.yuebing.cli.settings.Settings;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How {@code up} calls a process of its own: {@code child node port=8101 role=prefill}.
 *
 * <p>Such a process reads neither environment nor configuration file, since {@code up} has done so. It also does without
 * picocli, whose old class files Java cannot keep in its start-up cache: reading a command line with it takes as long as
 * the rest of a small start.
 *
 * @param kind what runs
 * @param settings every setting that the person gave or that {@code up} decided; the others have their defaults
 * @param debug whether errors are shown with their stack traces
 */
record ChildCall(Kind kind, Map<Setting<?>, String> settings, boolean debug) {
    private static final String WORD = "child";
    private static final String DEBUG = "debug";

    /** The processes of {@code up}. */
    enum Kind {
        NODE,
        GATEWAY
    }

    ChildCall {
        settings = new LinkedHashMap<>(settings);
    }

    /** Whether the program was called this way. */
    static boolean is(String[] arguments) {
        return arguments.length > 0 && arguments[0].equals(WORD);
    }

    /** Reads what {@link #arguments()} wrote. */
    static ChildCall parse(String[] arguments) {
        Map<Setting<?>, String> settings = new LinkedHashMap<>();
        boolean debug = false;
        for (String argument : List.of(arguments).subList(2, arguments.length)) {
            int equals = argument.indexOf('=');
            if (equals < 0) {
                debug |= argument.equals(DEBUG);
            } else {
                Settings.named(argument.substring(0, equals))
                        .ifPresent(setting -> settings.put(setting, argument.substring(equals + 1)));
            }
        }
        return new ChildCall(Kind.valueOf(arguments[1]), settings, debug);
    }

    /** The words after the name of the program. */
    List<String> arguments() {
        List<String> arguments = new ArrayList<>(List.of(WORD, kind.name()));
        settings.forEach((setting, value) -> arguments.add(setting.name() + "=" + value));
        if (debug) {
            arguments.add(DEBUG);
        }
        return arguments;
    }

    /** Runs the process until its parent wants it to end; returns the exit code. */
    int run() {
        try {
            Configuration configuration = Configuration.resolve(settings, Map.of(), Optional.empty());
            return switch (kind) {
                case NODE -> ServerRun.node(configuration, true);
                case GATEWAY -> ServerRun.gateway(configuration, true);
            };
        } catch (Exception e) {
            PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
            return Failures.report(e, err, debug, new Terminal(false, false, 0));
        }
    }
}
