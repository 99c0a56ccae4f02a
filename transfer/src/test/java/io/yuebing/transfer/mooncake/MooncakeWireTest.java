package io.yuebing.transfer.mooncake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.transfer.mooncake.HandshakeInput.MalformedHandshake;
import io.yuebing.transfer.mooncake.HandshakeMessage.Type;
import io.yuebing.transfer.mooncake.SegmentDescriptor.Buffer;
import io.yuebing.transfer.mooncake.SegmentDescriptor.UnusableDescriptor;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;

/** Every byte of Mooncake's frames is where its releases expect it. */
class MooncakeWireTest {

    @ParameterizedTest
    @CsvSource({"false,false,00", "true,false,01", "false,true,80", "true,true,81"})
    void aRequestIsSizeAddressOpcodeAndZeros(boolean write, boolean acknowledged, String opcode) {
        DataRequest request = new DataRequest(5, 0x7f00_0000_1000L, write, acknowledged);
        String hex = "0500000000000000" + "00100000007f0000" + opcode + "00000000000000";

        assertThat(HexFormat.of().formatHex(request.encode().array())).isEqualTo(hex);
        assertThat(DataRequest.decode(ByteBuffer.wrap(HexFormat.of().parseHex(hex))))
                .contains(request);
    }

    @Test
    void whatThePaddingHoldsDoesNotMatter() {
        byte[] bytes = HandMadePeer.request(7, -2, 0x81);

        assertThat(DataRequest.decode(ByteBuffer.wrap(bytes))).contains(new DataRequest(7, -2, true, true));
    }

    @Test
    void onlyFourOpcodesExist() {
        for (int opcode = 0; opcode < 256; opcode++) {
            Optional<DataRequest> request = DataRequest.decode(ByteBuffer.wrap(HandMadePeer.request(1, 1, opcode)));

            assertThat(request.isPresent())
                    .as("opcode 0x%02x", opcode)
                    .isEqualTo(opcode == 0 || opcode == 1 || opcode == 0x80 || opcode == 0x81);
        }
    }

    @Test
    void aStatusIsItsCodeAndTheMagicNumber() {
        assertThat(HexFormat.of()
                        .formatHex(
                                DataService.status(MooncakeDescriptor.STATUS_OK).array()))
                .isEqualTo("000000005654434d");
        assertThat(HexFormat.of()
                        .formatHex(DataService.status(MooncakeDescriptor.STATUS_ADDRESS_REJECTED)
                                .array()))
                .isEqualTo("010000005654434d");
    }

    @ParameterizedTest
    @CsvSource({"CONNECTION,00", "METADATA,01", "NOTIFY,02", "PROBE,03"})
    void aHandshakeIsLengthTypeAndOneLineOfJson(Type type, String code) {
        HandshakeMessage message = new HandshakeMessage(type, JsonNodeFactory.instance.objectNode());
        ByteBuffer bytes = message.encode();

        assertThat(HexFormat.of().formatHex(bytes.array(), 0, bytes.limit()))
                .isEqualTo("0400000000000000" + code + "7b7d0a");
    }

    @Test
    void aHandshakeMayArriveInAnyPieces() throws MalformedHandshake {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 300; round++) {
            String text = "{\"name\":\"" + "月".repeat(random.nextInt(400)) + "\"}\n";
            byte[] whole = HandMadePeer.frame(random.nextInt(4), text);
            HandshakeInput input = new HandshakeInput();
            Optional<HandshakeMessage> message = Optional.empty();
            for (int at = 0; at < whole.length; ) {
                int length = Math.min(whole.length - at, 1 + random.nextInt(random.nextBoolean() ? 3 : 500));
                assertThat(message)
                        .as("seed %d, round %d: before its end", seed, round)
                        .isEmpty();
                message = input.take(ByteBuffer.wrap(whole, at, length));
                at += length;
            }

            assertThat(message.orElseThrow().json())
                    .as("seed %d, round %d", seed, round)
                    .isEqualTo(json(text));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0000000000000000",
                "0100100000000000",
                "ffffffffffffff7f",
                "ffffffffffffffff",
                "0300000000000000047b7d",
                "02000000000000007b7d",
                "0300000000000000017b7b"
            })
    void anImpossibleHandshakeIsRefusedWithASentence(String hex) {
        assertThatThrownBy(() ->
                        new HandshakeInput().take(ByteBuffer.wrap(HexFormat.of().parseHex(hex))))
                .isInstanceOf(MalformedHandshake.class)
                .hasMessageContaining("a handshake");
    }

    @Test
    void aDescriptorIsWrittenAsMooncakeWritesIt() {
        SegmentDescriptor descriptor = new SegmentDescriptor(
                "127.0.0.1:12001", 15001, 2, "2026-08-22 10:00:00.000001", List.of(new Buffer("kv", 4096, 65536)));

        assertThat(descriptor.toJson())
                .hasToString("{\"buffers\":[{\"addr\":4096,\"length\":65536,\"name\":\"kv\"}],"
                        + "\"name\":\"127.0.0.1:12001\",\"protocol\":\"tcp\",\"tcp_data_port\":15001,"
                        + "\"tcp_proto_version\":2,\"timestamp\":\"2026-08-22 10:00:00.000001\"}");
    }

    @Test
    void addressesAbove2To63SurviveTheJson() throws UnusableDescriptor {
        SegmentDescriptor read = SegmentDescriptor.fromJson(
                "p",
                json("{\"protocol\":\"tcp\",\"tcp_data_port\":1,\"buffers\":"
                        + "[{\"addr\":18446744073709547520,\"length\":9007199254740993,\"name\":\"x\"}]}"));

        assertThat(read.buffers()).containsExactly(new Buffer("x", -4096, 9007199254740993L));
        assertThat(read.version()).as("absent = 1").isEqualTo(1);
    }

    @Test
    void ofSeveralProtocolsTheBuffersOfTcpAreTaken() throws UnusableDescriptor {
        SegmentDescriptor read = SegmentDescriptor.fromJson(
                "p",
                json("{\"protocol\":[\"rdma\",\"tcp\"],\"tcp_data_port\":15000,\"tcp_proto_version\":2,\"buffers\":"
                        + "[{\"addr\":1,\"length\":2,\"name\":\"r\",\"protocol\":\"rdma\",\"rkey\":[1]},"
                        + "{\"addr\":3,\"length\":4,\"name\":\"t\",\"protocol\":\"tcp\"}]}"));

        assertThat(read.buffers()).containsExactly(new Buffer("t", 3, 4));
        assertThat(read.bytes()).isEqualTo(4);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "null",
                "{}",
                "{\"protocol\":\"rdma\",\"tcp_data_port\":1}",
                "{\"protocol\":\"tcp\",\"tcp_data_port\":70000}",
                "{\"protocol\":\"tcp\",\"tcp_data_port\":1,\"buffers\":[{\"addr\":0,\"length\":1}]}",
                "{\"protocol\":\"tcp\",\"tcp_data_port\":1,\"buffers\":[{\"addr\":1,\"length\":0}]}",
                "{\"protocol\":\"tcp\",\"tcp_data_port\":1,\"buffers\":[{\"addr\":1.5,\"length\":1}]}",
                "{\"protocol\":\"tcp\",\"tcp_data_port\":1,\"buffers\":[{\"addr\":18446744073709551616,\"length\":1}]}"
            })
    void anUnusableDescriptorIsRefusedNamingItsPublisher(String text) {
        assertThatThrownBy(() -> SegmentDescriptor.fromJson("peer-7", json(text)))
                .isInstanceOf(UnusableDescriptor.class)
                .hasMessageContaining("peer-7");
    }

    private static JsonNode json(String text) {
        return JsonMapper.shared().readTree(text);
    }
}
