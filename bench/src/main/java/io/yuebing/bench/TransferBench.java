package io.yuebing.bench;

import io.yuebing.api.UserError;
import io.yuebing.transfer.Checksum;
import io.yuebing.transfer.Greeting;
import io.yuebing.transfer.PeerAddress;
import io.yuebing.transfer.SharedMemory;
import io.yuebing.transfer.TimeSource;
import io.yuebing.transfer.TransferClientOptions;
import io.yuebing.transfer.TransferException;
import io.yuebing.transfer.TransferProtocol;
import io.yuebing.transfer.TransferProtocols;
import io.yuebing.transfer.TransferSession;
import io.yuebing.transfer.Transport;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Measures transfers into another process of this host, beside memcpy and iperf3. */
public final class TransferBench {
    /** Of the memory on either side; a KV cache is larger than any processor cache, iperf3's one buffer is not. */
    private static final Duration WARM_UP = Duration.ofSeconds(1);

    private static final long MEMORY_BYTES = 32L << 20;

    private final Wish wish;
    private final UnaryOperator<List<String>> yuebing;

    /** What is done with blocks. */
    public enum Operation {
        WRITE,
        READ;

        /**
         * @throws UserError if there is no such operation
         */
        public static Operation parse(String name) {
            return Arrays.stream(values())
                    .filter(each -> each.label().equals(name))
                    .findFirst()
                    .orElseThrow(() -> new UserError("operation '" + name + "' is unknown, expected write or read"));
        }

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * What {@code on} and {@code off} mean.
     *
     * @throws UserError for anything else
     */
    public static Checksum checksum(String wished) {
        return switch (wished) {
            case "on" -> Checksum.CRC32C;
            case "off" -> Checksum.NONE;
            default -> throw new UserError("checksums '" + wished + "' are unknown, expected on or off");
        };
    }

    /**
     * What is to be measured: every combination.
     *
     * @param lanes connections of a session
     * @param millis time of each measurement
     */
    public record Wish(
            List<String> protocols,
            List<Operation> operations,
            List<Checksum> checksums,
            List<Long> blockBytes,
            List<Integer> inFlight,
            int lanes,
            int millis) {
        public Wish {
            for (long bytes : blockBytes) {
                if (bytes > MEMORY_BYTES) {
                    throw new UserError(
                            "a block of " + bytes + " bytes was asked for, at most " + MEMORY_BYTES + " are possible");
                }
            }
            if (millis < 10 || inFlight.stream().anyMatch(count -> count < 1 || count > 4096)) {
                throw new UserError("each measurement needs at least 10 ms and 1 to 4096 blocks in flight");
            }
        }
    }

    /**
     * One measurement.
     *
     * @param way protocol, or {@code memcpy} or {@code iperf3}
     * @param checksums whether payloads have checksums
     * @param cpuSecondsPerGigabyte of both processes together; 0 for iperf3
     */
    public record Row(
            String way,
            String operation,
            boolean checksums,
            long blockBytes,
            int inFlight,
            double gigabytesPerSecond,
            double p50Micros,
            double p99Micros,
            double cpuSecondsPerGigabyte) {}

    /**
     * @param yuebing makes the command line of a further process from this program's arguments
     */
    public TransferBench(Wish wish, UnaryOperator<List<String>> yuebing) {
        this.wish = wish;
        this.yuebing = yuebing;
    }

    /** Measures everything in turn; each row is given out when it is known. */
    public void run(Consumer<Row> rows) throws IOException, InterruptedException {
        Iperf3.measure(Duration.ofMillis(Math.max(1000, 2L * wish.millis)))
                .ifPresent(speed -> rows.accept(new Row("iperf3", "write", false, 128 << 10, 1, speed, 0, 0, 0)));
        try (Arena arena = Arena.ofShared()) {
            MemorySegment memory = arena.allocate(MEMORY_BYTES, 4096).fill((byte) 1);
            MemorySegment copy = arena.allocate(MEMORY_BYTES, 4096).fill((byte) 2);
            for (long block : wish.blockBytes) {
                rows.accept(memcpy(memory, copy, block));
            }
        }
        try (SharedMemory memory = SharedMemory.allocate(MEMORY_BYTES)) {
            memory.memory().fill((byte) 1);
            for (String name : wish.protocols) {
                for (Checksum checksum : wish.checksums) {
                    protocol(name, checksum, memory, rows);
                }
            }
        }
    }

    private Row memcpy(MemorySegment from, MemorySegment to, long block) {
        long end = 0;
        double best = 0;
        for (int round = 0; round < 4; round++) {
            long begin = System.nanoTime();
            long bytes = 0;
            do {
                for (long at = 0; at + block <= MEMORY_BYTES; at += block) {
                    MemorySegment.copy(from, at, to, at, block);
                    bytes += block;
                }
                end = System.nanoTime();
            } while (end - begin < wish.millis * 250_000L);
            best = Math.max(best, (double) bytes / (end - begin));
        }
        return new Row("memcpy", "write", false, block, 1, best, block / best / 1e3, block / best / 1e3, 1 / best);
    }

    private void protocol(String name, Checksum checksum, SharedMemory memory, Consumer<Row> rows)
            throws IOException, InterruptedException {
        TransferProtocol protocol = TransferProtocols.named(name).orElseThrow();
        Process server = new ProcessBuilder(yuebing.apply(List.of(
                        "transfer",
                        "serve",
                        "--protocol",
                        name,
                        "--listen",
                        "127.0.0.1:0",
                        "--size",
                        Long.toString(MEMORY_BYTES),
                        "--no-checksums")))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader said = server.inputReader(StandardCharsets.UTF_8);
                Transport transport = protocol.transport(
                        TransferClientOptions.DEFAULT
                                .withLanes(wish.lanes)
                                .withMemory(memory)
                                .withChecksum(checksum),
                        TimeSource.system());
                TransferSession session = transport.connect(address(name, said.readLine()), "", Greeting.EMPTY)) {
            BlockStream stream = new BlockStream(session, memory.memory(), server.toHandle());
            for (Operation operation : wish.operations) {
                // both processes compile what they do, which many small blocks bring about soonest
                stream.run(operation, 4 << 10, 32, WARM_UP);
                stream.run(operation, 64 << 10, 16, WARM_UP);
                for (long block : wish.blockBytes) {
                    for (int count : wish.inFlight) {
                        BlockStream.Speed speed = stream.run(operation, block, count, Duration.ofMillis(wish.millis));
                        rows.accept(new Row(
                                name,
                                operation.label(),
                                checksum != Checksum.NONE,
                                block,
                                count,
                                speed.gigabytesPerSecond(),
                                speed.p50Micros(),
                                speed.p99Micros(),
                                speed.cpuSecondsPerGigabyte()));
                    }
                }
            }
        } catch (TransferException e) {
            throw new UserError("the measurement of " + name + " ended: " + e.getMessage(), e);
        } finally {
            server.destroy();
            if (!server.waitFor(5, TimeUnit.SECONDS)) {
                server.destroyForcibly();
            }
        }
    }

    private static PeerAddress address(String protocol, @Nullable String announcement) {
        if (announcement == null) {
            throw new UserError("the serving process of " + protocol + " ended before it began");
        }
        JsonNode facts = JsonMapper.shared().readTree(announcement);
        String address = facts.path("address").asString();
        int colon = address.lastIndexOf(':');
        return new PeerAddress(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
    }
}
