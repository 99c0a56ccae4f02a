package io.yuebing.cli.doctor;

import io.yuebing.cli.cluster.ClusterClient;
import io.yuebing.transfer.PeerAddress;
import io.yuebing.transfer.Transport;
import io.yuebing.transfer.topology.SystemFiles;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** Looks at this machine and, if they are named, at the servers of a cluster. */
public final class Doctor {
    /** How long one look may take. */
    public static final Duration PATIENCE = Duration.ofSeconds(2);

    /** Everything about this machine, in the order of the report. */
    static final List<Check> CHECKS = List.of(
            new Check("Java", ProcessorChecks::java),
            new Check("kernels", ProcessorChecks::kernels),
            new Check("cores", ProcessorChecks::cores),
            new Check("NUMA", ProcessorChecks::numa),
            new Check("governor", ProcessorChecks::governor),
            new Check("memory", MemoryChecks::memory),
            new Check("huge pages", MemoryChecks::hugePages),
            new Check("shared memory", MemoryChecks::sharedMemory),
            new Check("limits", MemoryChecks::limits),
            new Check("network", NetworkChecks::links),
            new Check("RDMA", NetworkChecks::rdma),
            new Check("GPU", GpuChecks::look),
            new Check("ports", PortChecks::look));

    private Doctor() {}

    /**
     * Looks at this machine.
     *
     * @param kernels the loops that nodes would compute with, as in their log
     * @param ports that are to be listened on, by the setting that names them
     * @param told each finding, as soon as it is known
     */
    public static void machine(
            Map<String, String> environment, String kernels, Map<String, Integer> ports, Consumer<Finding> told)
            throws InterruptedException {
        Machine here = new Machine(
                SystemFiles.HERE,
                environment,
                new LocalCommands(environment),
                new Machine.JavaFacts(
                        Runtime.version().toString(),
                        System.getProperty("java.vendor", "unknown vendor"),
                        System.getProperty("java.vm.info", ""),
                        Runtime.getRuntime().availableProcessors(),
                        kernels),
                ports);
        new Examination(here, PATIENCE).run(CHECKS, told);
    }

    /**
     * Looks at servers.
     *
     * @param transport how KV blocks travel
     * @param anonymous whether that shows neither a secret nor a certificate
     * @param gateway names its nodes
     * @param servers nodes by their HTTP addresses
     * @param peers transfer addresses
     */
    public static void cluster(
            Transport transport,
            boolean anonymous,
            Optional<URI> gateway,
            List<URI> servers,
            List<PeerAddress> peers,
            Consumer<Finding> told)
            throws InterruptedException {
        try (ClusterClient client = new ClusterClient(PATIENCE)) {
            new ClusterExamination(client, transport, anonymous, PATIENCE, told).run(gateway, servers, peers);
        }
    }
}
