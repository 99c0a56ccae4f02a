package io.yuebing.gateway;

import io.yuebing.api.NodeInfo;
import io.yuebing.dialect.NodeWire.MissingNode;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Nodes that left without a word, were refused, or never came although they were named; not thread-safe. */
final class MissingNodes {
    /** A node that has been started anew elsewhere never comes back to its address. */
    private static final Duration MEMORY = Duration.ofHours(1);

    private static final int MOST = 256;

    private final InstantSource clock;
    private final Map<URI, Entry> entries = new LinkedHashMap<>();

    private record Entry(MissingNode node, Instant told) {}

    MissingNodes(InstantSource clock) {
        this.clock = clock;
    }

    /** A node that is known is not there; one that drained was meant to go. */
    void add(NodeInfo node, String why) {
        if (node.serving()) {
            add(node.uri(), node.label(), why);
        }
    }

    /** Nothing that could serve is at an address; the first reason counts, for it is nearest to the cause. */
    void add(URI uri, String label, String why) {
        Instant now = clock.instant();
        Entry before = entries.get(uri);
        MissingNode node = before == null ? new MissingNode(label, why, now.toEpochMilli()) : before.node();
        entries.put(uri, new Entry(node, now));
        if (entries.size() > MOST) {
            entries.remove(entries.keySet().iterator().next());
        }
    }

    /** Somebody is at that address again. */
    void found(URI uri) {
        entries.remove(uri);
    }

    List<MissingNode> all() {
        Instant oldest = clock.instant().minus(MEMORY);
        entries.values().removeIf(entry -> entry.told().isBefore(oldest));
        return entries.values().stream().map(Entry::node).toList();
    }
}
