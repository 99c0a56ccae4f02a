package io.yuebing.cli;

import io.yuebing.cli.settings.NearestName;
import java.io.PrintWriter;
import java.util.Collection;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The commands of the program, and what happens when one is called wrongly or fails. */
final class Commands {
    private Commands() {}

    /** All commands, ready to be executed. */
    static CommandLine of(Terminal terminal) {
        CommandLine commandLine = new CommandLine(new YuebingCommand());
        commandLine.setColorScheme(CommandLine.Help.defaultColorScheme(
                terminal.colours() ? CommandLine.Help.Ansi.ON : CommandLine.Help.Ansi.OFF));
        commandLine.setUsageHelpWidth(Math.clamp(terminal.width(), 80, 120));
        commandLine.setAbbreviatedSubcommandsAllowed(false);
        installSettings(commandLine);
        commandLine.setParameterExceptionHandler(
                (mistake, arguments) -> reportMistake(mistake, commandLine.getErr(), terminal));
        commandLine.setExecutionExceptionHandler((failure, command, parsed) ->
                Failures.report(failure, command.getErr(), YuebingCommand.debug(parsed.commandSpec()), terminal));
        return commandLine;
    }

    private static void installSettings(CommandLine command) {
        for (CommandLine subcommand : command.getSubcommands().values()) {
            SettingOptions.install(subcommand);
            installSettings(subcommand);
        }
    }

    private static int reportMistake(ParameterException mistake, PrintWriter err, Terminal terminal) {
        err.println(terminal.red("yuebing:") + " " + describe(mistake));
        err.println("Try '" + mistake.getCommandLine().getCommandSpec().qualifiedName() + " --help'.");
        err.flush();
        return Failures.USER_ERROR;
    }

    private static String describe(ParameterException mistake) {
        if (!(mistake instanceof UnmatchedArgumentException unmatched)) {
            return String.valueOf(mistake.getMessage());
        }
        String typed = unmatched.getUnmatched().getFirst().replaceFirst("=.*", "");
        CommandSpec command = mistake.getCommandLine().getCommandSpec();
        Collection<String> known = typed.startsWith("-")
                ? command.options().stream().map(OptionSpec::longestName).toList()
                : command.subcommands().keySet();
        return (typed.startsWith("-") ? "unknown option '" : "unexpected '")
                + typed + "'"
                + NearestName.of(typed, known)
                        .map(nearest -> "; did you mean '" + nearest + "'?")
                        .orElse("");
    }
}
