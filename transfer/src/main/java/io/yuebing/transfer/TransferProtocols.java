package io.yuebing.transfer;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The protocols of this release. */
public final class TransferProtocols {
    public static final List<TransferProtocol> ALL = List.of(new TcpProtocol());

    private TransferProtocols() {}

    public static Optional<TransferProtocol> named(String name) {
        return ALL.stream().filter(protocol -> protocol.name().equals(name)).findFirst();
    }

    /** All names for people, for example {@code tcp, shm}. */
    public static String names() {
        return ALL.stream().map(TransferProtocol::name).collect(Collectors.joining(", "));
    }
}
