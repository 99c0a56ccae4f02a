package io.yuebing.bench.chaos;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Machines that are network namespaces, each with a wire to one switch, which is a bridge of this machine.
 *
 * <pre>
 * here, .1 ---- bridge ---- wire 0 ---- namespace 0, .10
 *                     `---- wire 1 ---- namespace 1, .11
 * </pre>
 *
 * Wires lose what is sent, both ways or one, and nobody is told: connections stay half open, as with real cables. Names
 * and addresses come from this process's number, so that runs do not meet. Needs root on Linux and {@code ip}.
 */
final class NamespaceNetwork implements AutoCloseable {
    private static final int FIRST_HOST = 10;

    /** Belongs to no machine. */
    private static final String NOBODY = "02:00:00:00:00:01";

    private final int run = (int) (ProcessHandle.current().pid() % 100_000);

    /** From the range that is set aside for measurements of networks, 198.18.0.0/15. */
    private final String prefix = "198.19." + run % 250 + ".";

    private final String bridge = "ybc" + run;
    private final int machines;

    private NamespaceNetwork(int machines) {
        this.machines = machines;
    }

    /**
     * Lays the wires.
     *
     * @throws IOException if that is not permitted here, with the reason
     */
    static NamespaceNetwork lay(int machines) throws IOException, InterruptedException {
        if (!Files.isDirectory(Path.of("/proc/self/ns"))) {
            throw new IOException("network namespaces are Linux's");
        }
        NamespaceNetwork network = new NamespaceNetwork(machines);
        try {
            network.lay();
            return network;
        } catch (IOException | InterruptedException e) {
            network.close();
            throw e;
        }
    }

    private void lay() throws IOException, InterruptedException {
        ip("link", "add", bridge, "type", "bridge");
        ip("address", "add", here() + "/24", "dev", bridge);
        ip("link", "set", bridge, "up");
        for (int i = 0; i < machines; i++) {
            ip("netns", "add", namespace(i));
            ip("link", "add", wire(i), "type", "veth", "peer", "name", "eth0", "netns", namespace(i));
            ip("link", "set", wire(i), "master", bridge);
            ip("link", "set", wire(i), "up");
            ip("-n", namespace(i), "address", "add", host(i) + "/24", "dev", "eth0");
            ip("-n", namespace(i), "link", "set", "lo", "up");
            ip("-n", namespace(i), "link", "set", "eth0", "up");
        }
    }

    /** Address of this machine on the switch. */
    String here() {
        return prefix + 1;
    }

    /** Address of a machine. */
    String host(int machine) {
        return prefix + (FIRST_HOST + machine);
    }

    private String namespace(int machine) {
        return "ybc" + run + "-" + machine;
    }

    private String wire(int machine) {
        return "yw" + run + "-" + machine;
    }

    /** A command line that runs on a machine; the process has the number of the one that is started. */
    List<String> on(int machine, List<String> command) {
        List<String> inside = new ArrayList<>(List.of("ip", "netns", "exec", namespace(machine)));
        inside.addAll(command);
        return inside;
    }

    void unplug(int machine) throws IOException, InterruptedException {
        ip("link", "set", wire(machine), "down");
    }

    void plug(int machine) throws IOException, InterruptedException {
        ip("link", "set", wire(machine), "up");
    }

    /** What the machine sends is lost; it still hears. */
    void mute(int machine) throws IOException, InterruptedException {
        for (String other : others(machine)) {
            ip(
                    "-n",
                    namespace(machine),
                    "neighbour",
                    "replace",
                    other,
                    "lladdr",
                    NOBODY,
                    "dev",
                    "eth0",
                    "nud",
                    "permanent");
        }
    }

    void unmute(int machine) throws IOException, InterruptedException {
        for (String other : others(machine)) {
            ip("-n", namespace(machine), "neighbour", "delete", other, "dev", "eth0");
        }
    }

    /** What is sent to the machine is lost; it still speaks. */
    void deafen(int machine) throws IOException, InterruptedException {
        String host = host(machine);
        ip("neighbour", "replace", host, "lladdr", NOBODY, "dev", bridge, "nud", "permanent");
        for (int i = 0; i < machines; i++) {
            if (i != machine) {
                ip(
                        "-n",
                        namespace(i),
                        "neighbour",
                        "replace",
                        host,
                        "lladdr",
                        NOBODY,
                        "dev",
                        "eth0",
                        "nud",
                        "permanent");
            }
        }
    }

    void undeafen(int machine) throws IOException, InterruptedException {
        ip("neighbour", "delete", host(machine), "dev", bridge);
        for (int i = 0; i < machines; i++) {
            if (i != machine) {
                ip("-n", namespace(i), "neighbour", "delete", host(machine), "dev", "eth0");
            }
        }
    }

    /**
     * Lets only so much through the wire, each way.
     *
     * @throws IOException if the system has no token bucket filter
     */
    void slow(int machine, int megabitsPerSecond) throws IOException, InterruptedException {
        List<String> bucket =
                List.of("root", "tbf", "rate", megabitsPerSecond + "mbit", "burst", "32kbit", "latency", "300ms");
        tc(List.of("qdisc", "replace", "dev", wire(machine)), bucket);
        tc(List.of("-n", namespace(machine), "qdisc", "replace", "dev", "eth0"), bucket);
    }

    void unslow(int machine) throws IOException, InterruptedException {
        tc(List.of("qdisc", "delete", "dev", wire(machine)), List.of("root"));
        tc(List.of("-n", namespace(machine), "qdisc", "delete", "dev", "eth0"), List.of("root"));
    }

    private List<String> others(int machine) {
        List<String> others = new ArrayList<>(List.of(here()));
        for (int i = 0; i < machines; i++) {
            if (i != machine) {
                others.add(host(i));
            }
        }
        return others;
    }

    private static void ip(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("ip"));
        command.addAll(List.of(arguments));
        run(command);
    }

    private static void tc(List<String> device, List<String> rest) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("tc"));
        command.addAll(device);
        command.addAll(rest);
        run(command);
    }

    /** @throws IOException if the program is not there or fails, with what it says */
    static void run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(10, TimeUnit.SECONDS) || process.exitValue() != 0) {
            process.destroyForcibly();
            throw new IOException(String.join(" ", command) + ": " + said.strip());
        }
    }

    /** Takes away what is there; processes on the machines have ended. */
    @Override
    public void close() throws IOException, InterruptedException {
        for (int i = 0; i < machines; i++) {
            if (Files.exists(Path.of("/var/run/netns", namespace(i)))) {
                ip("netns", "delete", namespace(i)); // the wire goes with it
            }
        }
        if (Files.exists(Path.of("/sys/class/net", bridge))) {
            ip("link", "delete", bridge);
        }
    }
}
