package io.yuebing.cli.process;

import io.yuebing.api.UserError;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/** The command line that runs this program once more, as the launcher {@code yuebing} does it. */
public final class JavaCommand {
    private static final String NATIVE = "yuebing.native";
    private static final String MAIN = "io.yuebing.cli/io.yuebing.cli.Main";

    private final Path java;
    private final Path home;
    private final String modulePath;
    private final List<String> options;
    private final boolean nativeKernels;

    private JavaCommand(Path java, Path home, String modulePath, List<String> options, boolean nativeKernels) {
        this.java = java;
        this.home = home;
        this.modulePath = modulePath;
        this.options = options;
        this.nativeKernels = nativeKernels;
    }

    /**
     * Takes over the runtime and the folders of this process.
     *
     * @param environment has {@code YUEBING_JAVA_OPTS}, the person's own flags for Java
     * @throws UserError if this process was not started by the launcher
     */
    public static JavaCommand of(Properties system, Map<String, String> environment) {
        String home = system.getProperty("yuebing.home");
        String modulePath = system.getProperty("jdk.module.path");
        if (home == null || modulePath == null) {
            throw new UserError("this command starts further processes; run it with the launcher ./yuebing");
        }
        Path java = Path.of(system.getProperty("java.home"), "bin", "java");
        return new JavaCommand(
                java,
                Path.of(home),
                modulePath,
                options(environment),
                Boolean.parseBoolean(system.getProperty(NATIVE)));
    }

    /**
     * The command for a process that computes: it has the engine's modules, and the Vector API if Java's own loops will
     * compute, since Java starts slower with it.
     *
     * @param kernels the setting: {@code auto}, {@code native}, {@code java} or {@code scalar}
     */
    public List<String> node(String kernels, List<String> arguments) {
        boolean vectors = kernels.equals("java") || (!nativeKernels && !kernels.equals("scalar"));
        String modules = vectors ? "io.yuebing.node,jdk.incubator.vector" : "io.yuebing.node";
        return command("node", List.of("--add-modules", modules), arguments);
    }

    /** The command for a process without an engine. */
    public List<String> gateway(List<String> arguments) {
        return command("front", List.of(), arguments);
    }

    private static List<String> options(Map<String, String> environment) {
        return Arrays.stream(environment.getOrDefault("YUEBING_JAVA_OPTS", "").split("\\s+"))
                .filter(option -> !option.isEmpty())
                .toList();
    }

    private List<String> command(String cache, List<String> modules, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(java.toString());
        command.add("@" + home.resolve("cli/src/main/launch/java.args"));
        command.addAll(options);
        Path aot = home.resolve(".cache").resolve(cache + ".aot");
        if (Files.exists(aot)) {
            command.add("-XX:AOTCache=" + aot);
        }
        command.add("-Dyuebing.home=" + home);
        command.addAll(modules);
        command.addAll(List.of("-p", modulePath, "-m", MAIN));
        command.addAll(arguments);
        return command;
    }
}
