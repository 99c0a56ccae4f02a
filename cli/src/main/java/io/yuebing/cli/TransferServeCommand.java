package io.yuebing.cli;

import io.yuebing.api.UserError;
import io.yuebing.cli.log.Logging;
import io.yuebing.cli.process.ExitSignals;
import io.yuebing.transfer.Segment;
import io.yuebing.transfer.SharedMemory;
import io.yuebing.transfer.TimeSource;
import io.yuebing.transfer.TransferServer;
import io.yuebing.transfer.TransferServerOptions;
import io.yuebing.transfer.mooncake.MooncakeServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** Offers a segment until it is told to stop. */
@Command(
        name = "serve",
        description = {
            "Offers memory, or a file, to other processes until Ctrl-C or SIGTERM.",
            "Prints name, address and size as one line of JSON when it can be reached. Whoever reaches it may read and"
                    + " write all of it."
        },
        footer = {
            "",
            "Examples:",
            "  ./yuebing transfer serve --listen 127.0.0.1:9100 --size 64MiB",
            "  ./yuebing transfer serve --protocol shm --listen 127.0.0.1:0 --file data.bin",
            "  ./yuebing transfer serve --protocol mooncake --listen 127.0.0.1:12001 --size 64MiB"
        })
final class TransferServeCommand implements Callable<Integer> {
    /** Long enough for full speed, short enough that the next slice is under way while one is checked. */
    private static final int MAX_SLICE_BYTES = 256 << 10;

    private static final Logger log = LoggerFactory.getLogger(TransferServeCommand.class);

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--protocol",
            paramLabel = "NAME",
            defaultValue = "auto",
            description =
                    "auto, tcp, shm, ucx or mooncake @|faint (auto: tcp and shm, ucx where there are RDMA devices)|@.")
    private String protocol = "auto";

    @Option(
            names = "--listen",
            paramLabel = "HOST:PORT",
            defaultValue = "127.0.0.1:0",
            description = "Where to listen; port 0 takes any free one @|faint (127.0.0.1:0)|@.")
    private String listen = "127.0.0.1:0";

    @Option(
            names = "--size",
            paramLabel = "SIZE",
            description = "Size of the segment @|faint (the file's, or 64MiB)|@.")
    private @Nullable String size;

    @Option(names = "--file", paramLabel = "FILE", description = "File to offer; made, or made longer, if need be.")
    private @Nullable Path file;

    @Option(
            names = {"--name", "--segment-name"},
            paramLabel = "NAME",
            description = "Name of the segment @|faint (segment; with mooncake: HOST:PORT of --listen)|@.")
    private @Nullable String name;

    @Option(
            names = "--metadata",
            paramLabel = "WHERE",
            description = "With mooncake: P2PHANDSHAKE @|faint (default)|@ or a server such as"
                    + " http://127.0.0.1:8080/metadata.")
    private @Nullable String metadata;

    @Option(
            names = "--insecure-transfer",
            description = "Listen beyond loopback although there is neither a secret nor TLS.")
    private boolean insecure;

    @Option(
            names = "--no-checksums",
            description = "Let peers do without checksums of what they read and write, if they want to; tcp, shm, ucx.")
    private boolean unchecked;

    @Mixin
    private TransferKeyOptions keys = new TransferKeyOptions();

    @Override
    public Integer call() throws InterruptedException {
        Logging.configure("transfer", "info");
        TransferAmounts.Listen address = TransferAmounts.listen(listen);
        ExitSignals signals = ExitSignals.install();
        try (Arena arena = Arena.ofShared();
                SharedMemory shared = shared()) {
            String segment = Objects.requireNonNullElse(name, "segment");
            MemorySegment memory = shared == null ? memory(arena) : shared.memory();
            try (TransferServer server = TransferAmounts.protocol(protocol, metadata, name)
                    .serve(
                            options(address),
                            List.of(shared == null ? Segment.open(segment, memory) : Segment.open(segment, shared)),
                            TimeSource.system())) {
                announce(server, memory.byteSize());
                signals.await();
                return 0;
            }
        } catch (IOException e) {
            throw new UserError(String.valueOf(e.getMessage()), e);
        }
    }

    private TransferServerOptions options(TransferAmounts.Listen address) {
        TransferServerOptions options = TransferServerOptions.listening(address.host(), address.port(), MAX_SLICE_BYTES)
                .withSecurity(keys.security(), insecure);
        return unchecked ? options.withUnchecked() : options;
    }

    /** Memory that callers of this host read in place; null if nobody asks for it or this host has none. */
    private @Nullable SharedMemory shared() {
        if (file != null || !List.of("auto", "shm").contains(protocol)) {
            return null;
        }
        try {
            return SharedMemory.allocate(bytes());
        } catch (IOException e) {
            log.warn("callers of this host get copies, for there is no shared memory to offer: {}", e.getMessage());
            return null;
        }
    }

    private long bytes() {
        return size == null ? 64L << 20 : TransferAmounts.bytes("--size", size, 1);
    }

    private MemorySegment memory(Arena arena) throws IOException {
        Path source = file;
        if (source == null) {
            return arena.allocate(bytes(), 4096);
        }
        try (FileChannel channel = FileChannel.open(
                source, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            long bytes = size == null ? channel.size() : TransferAmounts.bytes("--size", size, 1);
            if (bytes == 0) {
                throw new UserError("the file " + source + " is empty; give --size to make it longer");
            }
            return channel.map(MapMode.READ_WRITE, 0, bytes, arena);
        } catch (IOException e) {
            throw new UserError("the file " + source + " cannot be offered: " + e, e);
        }
    }

    private void announce(TransferServer server, long bytes) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put(
                "name",
                server instanceof MooncakeServer mooncake
                        ? mooncake.segmentName()
                        : Objects.requireNonNullElse(name, "segment"));
        facts.put("protocol", protocol);
        facts.put(
                "address",
                server.address().getHostString() + ":" + server.address().getPort());
        facts.put("size", bytes);
        if (server instanceof MooncakeServer mooncake) {
            facts.put("data_port", mooncake.dataPort());
        }
        PrintWriter out = YuebingCommand.commandLine(spec).getOut();
        out.println(JsonMapper.shared().writeValueAsString(facts));
        out.flush();
    }
}
