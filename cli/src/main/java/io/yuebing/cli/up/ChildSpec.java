package io.yuebing.cli.up;

import java.util.List;

/**
 * A process that {@code up} keeps running.
 *
 * @param name what people call it
 * @param command program and arguments
 * @param probe tells when it is ready
 * @param address where it can be reached, for people
 */
public record ChildSpec(String name, List<String> command, Probe probe, String address) {
    public ChildSpec {
        command = List.copyOf(command);
    }
}
