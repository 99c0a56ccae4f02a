package io.yuebing.transfer;

import io.yuebing.transfer.mooncake.MooncakeProtocol;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The protocols of this release. */
public final class TransferProtocols {
    /** Payloads on TCP connections. */
    public static final TransferProtocol TCP = new FrameProtocol("tcp", Frame.RingWish.NEVER);

    /** Payloads in memory that two processes of one host share. */
    public static final TransferProtocol SHM = new FrameProtocol("shm", Frame.RingWish.ALWAYS);

    /** Payloads put into the peer's memory by UCX: RDMA where there are devices for it. */
    public static final TransferProtocol UCX = new FrameProtocol("ucx", Frame.RingWish.UCX);

    /** {@link #SHM} where both ends are on one host, {@link #UCX} where there are RDMA devices, otherwise {@link #TCP}. */
    public static final TransferProtocol AUTO = new FrameProtocol("auto", Frame.RingWish.IF_POSSIBLE);

    /** The wire of Mooncake's transfer engine, without a metadata server. */
    public static final TransferProtocol MOONCAKE = new MooncakeProtocol();

    /** All of them, in the order in which people are told of them. */
    public static final List<TransferProtocol> ALL = List.of(AUTO, TCP, SHM, UCX, MOONCAKE);

    private TransferProtocols() {}

    public static Optional<TransferProtocol> named(String name) {
        return ALL.stream().filter(protocol -> protocol.name().equals(name)).findFirst();
    }

    /** All names for people, for example {@code tcp, shm}. */
    public static String names() {
        return ALL.stream().map(TransferProtocol::name).collect(Collectors.joining(", "));
    }
}
