package io.yuebing.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The program's root: only options that all commands share. */
@Command(
        name = "yuebing",
        description = "Serves a language model from separate prefill and decode processes.",
        synopsisSubcommandLabel = "COMMAND",
        versionProvider = YuebingCommand.Version.class,
        subcommands = {
            UpCommand.class,
            ServeCommand.class,
            NodeCommand.class,
            GatewayCommand.class,
            DrainCommand.class,
            ChatCommand.class,
            TopCommand.class,
            DoctorCommand.class,
            PullCommand.class,
            InspectCommand.class,
            QuantizeCommand.class,
            ReplayCommand.class,
            KvCommand.class,
            TransferCommand.class,
            BenchCommand.class,
            ConfigCommand.class,
            CompletionCommand.class,
            RehearseCommand.class
        },
        footerHeading = "%nOf the launcher itself:%n",
        footer = {
            "  @|bold build|@       builds the program when its sources changed",
            "  @|bold test|@        runs all checks and tests; further arguments go to Maven",
            "",
            "Examples:",
            "  ./yuebing up",
            "  ./yuebing up --model /models/Qwen2.5-7B-Instruct-GPTQ-Int4",
            "  ./yuebing COMMAND --help"
        })
final class YuebingCommand implements Runnable {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "Show this help and exit.")
    private boolean help;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            scope = ScopeType.INHERIT,
            description = "Show the version and exit.")
    private boolean version;

    @Option(names = "--debug", scope = ScopeType.INHERIT, description = "Show stack traces of errors.")
    private boolean debug;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            scope = ScopeType.INHERIT,
            description = "Configuration file; default: yuebing.yaml in the working directory, if it exists.")
    private @Nullable Path config;

    @Override
    public void run() {
        if (spec != null) {
            spec.commandLine().usage(spec.commandLine().getOut());
        }
    }

    /** Whether {@code --debug} was given. */
    static boolean debug(CommandSpec command) {
        return root(command).debug;
    }

    /** The file that {@code --config} names. */
    static Optional<Path> configFile(CommandSpec command) {
        return Optional.ofNullable(root(command).config);
    }

    private static YuebingCommand root(CommandSpec command) {
        return (YuebingCommand) command.root().userObject();
    }

    /** The version from the jar's manifest. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"yuebing " + number() + ", Java " + Runtime.version()};
        }

        /** {@code 0.1.0}, or {@code development} outside a jar. */
        static String number() {
            return YuebingCommand.class.getModule().getDescriptor().rawVersion().orElse("development");
        }
    }

    /** For commands that print: where standard output goes. */
    static CommandLine commandLine(@Nullable CommandSpec spec) {
        if (spec == null) {
            throw new IllegalStateException("picocli has not injected the command's specification");
        }
        return spec.commandLine();
    }
}
