package io.yuebing.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.transfer.Way.PeerHost;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class WayTest {
    @Test
    void everyCardMeetsThePeersAddressOfItsOwnNetwork() throws UnknownHostException {
        assertThat(between("10.0.0.2 10.1.0.2", "10.1.0.3 10.0.0.3"))
                .containsExactly("10.0.0.2 to 10.0.0.3", "10.1.0.2 to 10.1.0.3");
        assertThat(between("fd00:1::2 10.1.0.2", "10.1.0.3 fd00:1::3"))
                .containsExactly("fd00:1:0:0:0:0:0:2 to fd00:1::3", "10.1.0.2 to 10.1.0.3");
    }

    @Test
    void theSideWithMoreCardsUsesThemAll() throws UnknownHostException {
        assertThat(between("10.0.0.2 10.0.0.4 10.1.0.2 10.1.0.4", "10.0.0.3 10.1.0.3"))
                .containsExactly(
                        "10.0.0.2 to 10.0.0.3", "10.0.0.4 to 10.0.0.3", "10.1.0.2 to 10.1.0.3", "10.1.0.4 to 10.1.0.3");
        assertThat(between("10.0.0.10 10.0.0.11", "10.0.0.8 10.0.0.12"))
                .containsExactly("10.0.0.10 to 10.0.0.8", "10.0.0.11 to 10.0.0.12");
        assertThat(between("10.0.0.2 10.1.0.2", "10.0.0.3 10.1.0.3 10.1.0.5"))
                .containsExactly("10.0.0.2 to 10.0.0.3", "10.1.0.2 to 10.1.0.3", "10.1.0.2 to 10.1.0.5");
    }

    @Test
    void theSystemChoosesWhereThereIsNothingToShare() throws UnknownHostException {
        assertThat(between("10.0.0.2 10.1.0.2", "10.0.0.3")).containsExactly("10.0.0.3");
        assertThat(between("", "10.0.0.3 10.1.0.3")).containsExactly("10.0.0.3", "10.1.0.3");
        // a card cannot begin a connection that ends on the loopback
        assertThat(between("10.0.0.2 10.1.0.2", "127.0.0.1 127.0.0.2")).containsExactly("127.0.0.1", "127.0.0.2");
    }

    private static List<String> between(String local, String peer) throws UnknownHostException {
        return Way.between(
                        words(local).map(WayTest::address).toList(),
                        words(peer)
                                .map(host -> new PeerHost(host, address(host)))
                                .toList())
                .stream()
                .map(Way::toString)
                .toList();
    }

    private static Stream<String> words(String text) {
        return Stream.of(text.split(" ")).filter(word -> !word.isEmpty());
    }

    private static InetAddress address(String text) {
        try {
            return InetAddress.getByName(text);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
