package io.yuebing.bench.serving;

import io.yuebing.api.UserError;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Plans requests: made up, or from a trace. */
public final class Workload {
    private static final double NANOS = 1e9;
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final int MAX_TOKENS = 1 << 24;

    private Workload() {}

    /** Requests of equal sizes whose prompts have nothing in common. */
    public static List<PlannedRequest> equal(int requests, int promptTokens, int outputTokens, Load load, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<PlannedRequest> planned = new ArrayList<>();
        double at = 0;
        long block = 0;
        for (int i = 0; i < requests; i++) {
            List<Long> blocks = new ArrayList<>();
            for (int tokens = 0; tokens < promptTokens; tokens += PlannedRequest.BLOCK) {
                blocks.add(block++);
            }
            planned.add(new PlannedRequest((long) (at * NANOS), promptTokens, outputTokens, blocks));
            if (load instanceof Load.OpenLoop(double rate)) {
                at += -Math.log(1 - random.nextDouble()) / rate;
            }
        }
        return planned;
    }

    /**
     * The first requests of a trace: lines of JSON with {@code timestamp} (ms), {@code input_length},
     * {@code output_length} (tokens) and {@code hash_ids} (one for each 512 tokens), as published with Mooncake.
     *
     * @throws UserError if it cannot be read, naming file and line
     */
    public static List<PlannedRequest> trace(Path file, int requests) {
        List<PlannedRequest> planned = new ArrayList<>();
        try (Stream<String> lines = Files.lines(file)) {
            lines.limit(requests).forEach(line -> planned.add(traced(file, planned.size() + 1, line)));
        } catch (IOException | UncheckedIOException e) {
            throw new UserError("cannot read trace " + file + ": " + e.getMessage(), e);
        }
        if (planned.isEmpty()) {
            throw new UserError("trace " + file + " is empty; expected one JSON object a line");
        }
        return planned;
    }

    private static PlannedRequest traced(Path file, int line, String text) {
        JsonNode json;
        try {
            json = JsonMapper.shared().readTree(text);
        } catch (JacksonException e) {
            throw new UserError(file + ":" + line + ": not JSON: " + e.getOriginalMessage(), e);
        }
        long millis = number(file, line, json, "timestamp", 0, Long.MAX_VALUE / NANOS_PER_MILLI);
        int input = (int) number(file, line, json, "input_length", 1, MAX_TOKENS);
        int output = (int) number(file, line, json, "output_length", 1, MAX_TOKENS);
        List<Long> blocks = new ArrayList<>();
        json.path("hash_ids").forEach(id -> blocks.add(id.asLong()));
        int expected = Math.ceilDiv(input, PlannedRequest.BLOCK);
        if (blocks.size() != expected) {
            throw new UserError(file + ":" + line + ": hash_ids has " + blocks.size() + " ids, expected " + expected
                    + " for input_length " + input);
        }
        return new PlannedRequest(millis * NANOS_PER_MILLI, input, output, blocks);
    }

    private static long number(Path file, int line, JsonNode json, String field, long least, long most) {
        JsonNode value = json.path(field);
        if (!value.isIntegralNumber() || value.asLong() < least || value.asLong() > most) {
            throw new UserError(file + ":" + line + ": " + field + " is " + (value.isMissingNode() ? "missing" : value)
                    + ", expected an integer from " + least + " to " + most);
        }
        return value.asLong();
    }
}
