package io.yuebing.transfer;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * From which address of this host to which of the peer's a lane goes: with several network cards on either side, each
 * carries its share.
 *
 * @param from local address; null to let the system choose
 * @param to host of the peer
 */
record Way(@Nullable InetAddress from, String to) {

    /**
     * All ways between two hosts, as many as the one with more addresses has.
     *
     * <p>Where the peer has one address only, the system chooses: it knows which card leads there. Otherwise a card is
     * paired with the peer's address that has the most leading bytes in common with its own, among equals with the one
     * that has the fewest ways yet: rails are subnets of their own, often without a route between them.
     *
     * @param local addresses of this host; none to let the system choose
     * @param peer hosts under which the peer is reached, at least one
     */
    static List<Way> between(List<InetAddress> local, List<PeerHost> peer) {
        if (local.isEmpty() || peer.size() == 1) {
            return peer.stream().map(host -> new Way(null, host.name())).toList();
        }
        List<Way> ways = new ArrayList<>();
        int[] used = new int[Math.max(local.size(), peer.size())];
        if (local.size() >= peer.size()) {
            for (InetAddress here : local) {
                int there = nearest(here, peer.stream().map(PeerHost::address).toList(), used);
                ways.add(pair(here, peer.get(there)));
            }
        } else {
            for (PeerHost there : peer) {
                ways.add(pair(local.get(nearest(there.address(), local, used)), there));
            }
        }
        return ways.stream().distinct().toList();
    }

    private static Way pair(InetAddress here, PeerHost there) {
        boolean reaches = here.getClass() == there.address().getClass()
                && here.isLoopbackAddress() == there.address().isLoopbackAddress();
        return new Way(reaches ? here : null, there.name());
    }

    private static int nearest(InetAddress to, List<InetAddress> among, int[] used) {
        int best = 0;
        for (int i = 1; i < among.size(); i++) {
            int nearer = commonBytes(to, among.get(i)) - commonBytes(to, among.get(best));
            if (nearer > 0 || (nearer == 0 && used[i] < used[best])) {
                best = i;
            }
        }
        used[best]++;
        return best;
    }

    /** A host of the peer, with its address. */
    record PeerHost(String name, InetAddress address) {}

    /** Leading bytes that two addresses have in common; -1 if they are of different kinds. */
    private static int commonBytes(InetAddress one, InetAddress other) {
        byte[] a = one.getAddress();
        byte[] b = other.getAddress();
        int differs = Arrays.mismatch(a, b);
        return a.length != b.length ? -1 : differs < 0 ? a.length : differs;
    }

    @Override
    public String toString() {
        return (from == null ? "" : from.getHostAddress() + " to ") + to;
    }
}
