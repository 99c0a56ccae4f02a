package io.yuebing.bench.serving;

import java.net.URI;
import java.time.Duration;
import java.util.Optional;

/**
 * What {@link ServingBench} sends where.
 *
 * @param url of the server, without {@code /v1}
 * @param model name to ask for; empty = the first that the server lists
 * @param chat chat completions instead of completions
 * @param apiKey sent as a bearer token
 * @param load when requests are sent
 * @param sloTtft longest time to the first token of a good request
 * @param sloItl longest mean time between tokens of a good request
 * @param seed of arrivals and prompts
 */
public record ServingOptions(
        URI url,
        Optional<String> model,
        boolean chat,
        Optional<String> apiKey,
        Load load,
        Duration sloTtft,
        Duration sloItl,
        long seed) {}
