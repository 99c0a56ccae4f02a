package io.yuebing.bench.chaos;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where the nodes of a run live: each in a network namespace, all with one small disk, or together on the loopback
 * interface.
 */
final class Surroundings implements AutoCloseable {
    private static final String LOOPBACK = "127.0.0.1";

    private final @Nullable NamespaceNetwork network;
    private final @Nullable SmallDisk disk;
    private final Path logs;
    private final String description;

    /** Ctrl-C leaves nothing behind either. */
    private final Thread interrupted = new Thread(this::remove, "chaos-cleanup");

    private Surroundings(@Nullable NamespaceNetwork network, @Nullable SmallDisk disk, Path logs, String description) {
        this.network = network;
        this.disk = disk;
        this.logs = logs;
        this.description = description;
        Runtime.getRuntime().addShutdownHook(interrupted);
    }

    /**
     * Makes them.
     *
     * @param logs folder of what processes write, the small disk's included
     * @throws IOException if they have to be namespaces and cannot, with the reason
     */
    static Surroundings make(ChaosOptions.Network wanted, int nodes, Path logs)
            throws IOException, InterruptedException {
        if (wanted == ChaosOptions.Network.LOOPBACK) {
            return new Surroundings(null, null, logs, "the loopback interface");
        }
        SmallDisk disk;
        try {
            disk = SmallDisk.mount(logs.resolve("disk"));
        } catch (IOException e) {
            return without(wanted, logs, e);
        }
        try {
            NamespaceNetwork network = NamespaceNetwork.lay(nodes);
            writeSecret(logs);
            return new Surroundings(network, disk, logs, nodes + " network namespaces");
        } catch (IOException e) {
            disk.close();
            return without(wanted, logs, e);
        }
    }

    private static Surroundings without(ChaosOptions.Network wanted, Path logs, IOException reason) throws IOException {
        if (wanted == ChaosOptions.Network.NAMESPACES) {
            throw new IOException("network namespaces cannot be had here: " + reason.getMessage(), reason);
        }
        return new Surroundings(
                null,
                null,
                logs,
                "the loopback interface, so no wires were pulled and no disk ran full: " + reason.getMessage());
    }

    private static void writeSecret(Path logs) throws IOException {
        Path file = Files.createFile(
                secretFile(logs), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(file, "known to the nodes of a chaos run alone");
    }

    private static Path secretFile(Path logs) {
        return logs.resolve("secret");
    }

    /** For the report. */
    String description() {
        return description;
    }

    Optional<NamespaceNetwork> network() {
        return Optional.ofNullable(network);
    }

    Optional<SmallDisk> disk() {
        return Optional.ofNullable(disk);
    }

    /** Address of a node. */
    String host(int node) {
        return network == null ? LOOPBACK : network.host(node);
    }

    /** An address of this process that nodes reach. */
    String here() {
        return network == null ? LOOPBACK : network.here();
    }

    /** Where nodes write. */
    Path nodeFiles() {
        return disk == null ? logs : disk.folder();
    }

    /** A node's command line, where it lives. */
    List<String> on(int node, List<String> command) {
        return network == null ? command : network.on(node, command);
    }

    /** What a node that is not on loopback needs to receive KV blocks. */
    Optional<Path> secret() {
        return network == null ? Optional.empty() : Optional.of(secretFile(logs));
    }

    @Override
    public void close() {
        Runtime.getRuntime().removeShutdownHook(interrupted);
        remove();
    }

    private void remove() {
        try {
            if (network != null) {
                network.close();
            }
            if (disk != null) {
                disk.close();
            }
        } catch (IOException e) {
            System.err.println("what the chaos run made is left behind: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
