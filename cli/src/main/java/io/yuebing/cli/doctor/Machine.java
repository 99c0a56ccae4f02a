package io.yuebing.cli.doctor;

import io.yuebing.transfer.topology.SystemFiles;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All that checks may look at on this machine, so that tests can describe another one.
 *
 * @param files what the kernel tells
 * @param environment of this process
 * @param commands runs other programs
 * @param java the runtime
 * @param ports that are to be listened on, by the setting that names them
 */
record Machine(
        SystemFiles files,
        Map<String, String> environment,
        Commands commands,
        JavaFacts java,
        Map<String, Integer> ports) {

    /** What a program said. */
    record Output(int exitCode, String text) {}

    /** Runs programs. */
    @FunctionalInterface
    interface Commands {
        /**
         * Waits for the end of a program.
         *
         * @return exit code, with standard output and standard error together; empty if there is no such program
         */
        Optional<Output> run(List<String> command) throws IOException, InterruptedException;
    }

    /**
     * The runtime that this process has.
     *
     * @param version for example {@code 25.0.3+9}
     * @param vendor for example {@code Eclipse Adoptium}
     * @param mode as in {@code java.vm.info}, for example {@code mixed mode, sharing}
     * @param processors that this process may use
     * @param kernels the loops that nodes would compute with, as in their log
     */
    record JavaFacts(String version, String vendor, String mode, int processors, String kernels) {}

    /** Output of a program that is there and succeeds. */
    Optional<String> said(String... command) throws IOException, InterruptedException {
        return commands.run(List.of(command))
                .filter(output -> output.exitCode() == 0)
                .map(Output::text);
    }
}
