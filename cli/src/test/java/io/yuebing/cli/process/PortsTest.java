package io.yuebing.cli.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.UserError;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;

class PortsTest {
    @Test
    void aPortInUseIsAUserErrorThatNamesItAndSaysWhatToDo() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            int port = taken.getLocalPort();
            assertThatThrownBy(() -> Ports.requireFree("127.0.0.1", port))
                    .isInstanceOf(UserError.class)
                    .hasMessageStartingWith("cannot listen on 127.0.0.1:" + port)
                    .hasMessageContaining("--port");
        }
    }

    @Test
    void freePortsAreDifferentAndFree() {
        var ports = Ports.free(5);
        assertThat(ports).doesNotHaveDuplicates().hasSize(5);
        ports.forEach(port -> Ports.requireFree("127.0.0.1", port));
    }

    @Test
    void anAddressIsWrittenAsClientsNeedIt() {
        assertThat(Addresses.url(Addresses.reachable("0.0.0.0"), 8000)).isEqualTo("http://127.0.0.1:8000");
        assertThat(Addresses.url(Addresses.reachable("::"), 1)).isEqualTo("http://[::1]:1");
    }
}
