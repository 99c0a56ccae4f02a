package io.yuebing.transfer.mooncake;

import static io.yuebing.transfer.mooncake.MooncakeDescriptor.ACKNOWLEDGED_VERSION;

import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a process publishes of the memory that it offers.
 *
 * @param name of the segment; without a metadata server it is {@code host:port} of the handshake daemon
 * @param dataPort port of the data plane, on the host of the handshake daemon
 * @param version of the data plane: 1, or 2 with acknowledgements
 * @param timestamp for people
 * @param buffers ranges of addresses, in the order of their registration
 */
record SegmentDescriptor(String name, int dataPort, int version, String timestamp, List<Buffer> buffers) {
    private static final String TCP = "tcp";
    private static final DateTimeFormatter TIMESTAMP = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSSSSS");

    SegmentDescriptor {
        buffers = List.copyOf(buffers);
    }

    /**
     * Memory that may be accessed; an access lies within one buffer.
     *
     * @param name not empty; Mooncake writes the segment's name or a location such as {@code cpu:0}
     * @param address of the first byte, not 0, unsigned
     * @param length in bytes, not 0
     */
    record Buffer(String name, long address, long length) {}

    /** A descriptor that cannot be used; the sentence says of which segment, expected and found. */
    static final class UnusableDescriptor extends Exception {
        private static final long serialVersionUID = 1L;

        UnusableDescriptor(String sentence) {
            super(sentence);
        }
    }

    /** This release's descriptor of its own memory. */
    static SegmentDescriptor own(String name, int dataPort, long epochMillis, List<Buffer> buffers) {
        String now = TIMESTAMP.format(Instant.ofEpochMilli(epochMillis).atZone(ZoneId.systemDefault()));
        return new SegmentDescriptor(name, dataPort, ACKNOWLEDGED_VERSION, now, buffers);
    }

    /** Bytes of all buffers together. */
    long bytes() {
        return buffers.stream().mapToLong(Buffer::length).sum();
    }

    /** Names in the order in which Mooncake's JSON library sorts them. */
    JsonNode toJson() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        ArrayNode list = json.putArray("buffers");
        for (Buffer buffer : buffers) {
            list.addObject()
                    .put("addr", buffer.address())
                    .put("length", buffer.length())
                    .put("name", buffer.name());
        }
        return json.put("name", name)
                .put("protocol", TCP)
                .put("tcp_data_port", dataPort)
                .put("tcp_proto_version", version)
                .put("timestamp", timestamp);
    }

    /**
     * Reads what a peer published. Buffers of other protocols, which builds for several protocols list as well, are left
     * out.
     *
     * @param source who published it, for the sentence
     */
    static SegmentDescriptor fromJson(String source, JsonNode json) throws UnusableDescriptor {
        if (!json.isObject()) {
            throw new UnusableDescriptor(source + " published no segment descriptor; it may offer nothing over TCP");
        }
        requireTcp(source, json.path("protocol"));
        int port = json.path("tcp_data_port").asInt(0);
        if (port < 1 || port > 65_535) {
            throw new UnusableDescriptor(
                    source + " published 'tcp_data_port' " + json.path("tcp_data_port") + ", expected 1 to 65535");
        }
        List<Buffer> buffers = new ArrayList<>();
        for (JsonNode buffer : json.path("buffers")) {
            if (buffer.path("protocol").asString(TCP).equals(TCP)) {
                buffers.add(buffer(source, buffer));
            }
        }
        return new SegmentDescriptor(
                json.path("name").asString(""),
                port,
                json.path("tcp_proto_version").asInt(1),
                json.path("timestamp").asString(""),
                buffers);
    }

    private static void requireTcp(String source, JsonNode protocol) throws UnusableDescriptor {
        boolean listed = false;
        for (JsonNode one : protocol) {
            listed |= one.asString("").equals(TCP);
        }
        if (!listed && !protocol.asString("").equals(TCP)) {
            throw new UnusableDescriptor(source + " offers its segment over " + protocol
                    + ", expected \"tcp\"; start it with protocol tcp (MC_FORCE_TCP=1)");
        }
    }

    private static Buffer buffer(String source, JsonNode json) throws UnusableDescriptor {
        JsonNode address = json.path("addr");
        JsonNode length = json.path("length");
        // unsigned 64-bit numbers: those above 2^63 come as big integers
        if (!address.isIntegralNumber()
                || !length.isIntegralNumber()
                || address.bigIntegerValue().bitLength() > Long.SIZE
                || address.bigIntegerValue().signum() < 1
                || !length.canConvertToLong()
                || length.longValue() < 1) {
            throw new UnusableDescriptor(
                    source + " published a buffer " + json + ", expected 'addr' and 'length' as positive integers");
        }
        return new Buffer(
                json.path("name").asString(""), address.bigIntegerValue().longValue(), length.longValue());
    }
}
