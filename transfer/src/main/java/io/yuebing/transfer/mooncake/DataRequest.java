package io.yuebing.transfer.mooncake;

import static io.yuebing.transfer.mooncake.MooncakeDescriptor.ADDRESS_OFFSET;
import static io.yuebing.transfer.mooncake.MooncakeDescriptor.HEADER_BYTES;
import static io.yuebing.transfer.mooncake.MooncakeDescriptor.OPCODE_ACKNOWLEDGED;
import static io.yuebing.transfer.mooncake.MooncakeDescriptor.OPCODE_OFFSET;
import static io.yuebing.transfer.mooncake.MooncakeDescriptor.OPCODE_READ;
import static io.yuebing.transfer.mooncake.MooncakeDescriptor.OPCODE_WRITE;
import static io.yuebing.transfer.mooncake.MooncakeDescriptor.SIZE_OFFSET;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * The header of one access, as it travels.
 *
 * @param size payload bytes, unsigned
 * @param address first byte in the address space of the offering process, unsigned
 * @param write whether the payload goes to the offering process
 * @param acknowledged whether a status is sent back (version 2)
 */
record DataRequest(long size, long address, boolean write, boolean acknowledged) {

    /** The whole header, ready to be sent. */
    ByteBuffer encode() {
        ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(SIZE_OFFSET, size);
        header.putLong(ADDRESS_OFFSET, address);
        int opcode = (write ? OPCODE_WRITE : OPCODE_READ) | (acknowledged ? OPCODE_ACKNOWLEDGED : 0);
        header.put(OPCODE_OFFSET, (byte) opcode);
        return header;
    }

    /**
     * Reads a whole header; what the padding holds does not matter.
     *
     * @return empty if the opcode is none of the four
     */
    static Optional<DataRequest> decode(ByteBuffer bytes) {
        ByteBuffer header = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        int at = bytes.position();
        int opcode = opcode(bytes);
        int operation = opcode & ~OPCODE_ACKNOWLEDGED;
        if (operation != OPCODE_READ && operation != OPCODE_WRITE) {
            return Optional.empty();
        }
        return Optional.of(new DataRequest(
                header.getLong(at + SIZE_OFFSET),
                header.getLong(at + ADDRESS_OFFSET),
                operation == OPCODE_WRITE,
                opcode != operation));
    }

    static int opcode(ByteBuffer header) {
        return Byte.toUnsignedInt(header.get(header.position() + OPCODE_OFFSET));
    }

    /** For people: operation, size and address. */
    @Override
    public String toString() {
        return (write ? "a write of " : "a read of ") + Long.toUnsignedString(size) + " bytes at 0x"
                + Long.toHexString(address);
    }
}
