package io.yuebing.engine;

import io.yuebing.api.SamplingParams;
import io.yuebing.api.UserError;
import io.yuebing.kernels.KernelChoice;
import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A step that failed, with everything that computing it again takes except the weights: token ids, block tables, sampling,
 * configuration. It holds no text, but the token ids of the requests can be turned into it by who has the model.
 *
 * <p>Earlier tokens of a sequence need not be kept as keys and values: computing them again gives the same bits.
 *
 * @param format {@value #FORMAT}
 * @param version of Yuebing
 * @param time when the step failed
 * @param model name or path of the model
 * @param fingerprint of the model
 * @param compute arithmetic of quantised products, as in the setting {@code compute}
 * @param kernels what the loops were
 * @param config limits of the engine
 * @param failure what went wrong
 * @param slices the sequences of the step, those that failed first
 * @param leftOut sequences of the step that are not here because the file would become too large
 */
public record CrashDump(
        int format,
        String version,
        Instant time,
        String model,
        String fingerprint,
        String compute,
        String kernels,
        EngineConfig config,
        String failure,
        List<Slice> slices,
        int leftOut) {
    /** The form of the file; another number is refused. */
    public static final int FORMAT = 2;

    /** A dump has at most so many tokens, the first sequence's excepted: about 8 MiB of JSON. */
    private static final int MOST_TOKENS = 1 << 20;

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
            .build();

    /**
     * One sequence of the step.
     *
     * @param request the request's id
     * @param tokens its tokens, prompt and output, up to the last that the step computes
     * @param length tokens known; if it is that of {@code tokens}, the step samples the next one
     * @param promptLength how many of them are the prompt
     * @param from first position that the step computes; keys and values of all before were in the cache
     * @param blockTables its KV blocks in each group of layers
     * @param blocksGivenBack for each group how many of the first ones others may have had by then, being behind its window
     * @param sampling how its next token is chosen; with the position this determines the random number
     * @param failure what went wrong for it alone
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record Slice(
            String request,
            int[] tokens,
            int length,
            int promptLength,
            int from,
            int[][] blockTables,
            int[] blocksGivenBack,
            SamplingParams sampling,
            Optional<String> failure) {

        /** First position after those that the step computes. */
        public int to() {
            return tokens.length;
        }

        static Slice of(StepPlan.Slice planned, Optional<String> failure) {
            Sequence sequence = planned.sequence();
            int[] tokens = new int[planned.to()];
            sequence.copyTokens(0, tokens.length, tokens, 0);
            return new Slice(
                    sequence.id(),
                    tokens,
                    sequence.length(),
                    sequence.promptLength(),
                    planned.from(),
                    sequence.blocks().toArrays(),
                    IntStream.range(0, sequence.blocks().groups())
                            .map(group -> sequence.blocks().of(group).givenBack())
                            .toArray(),
                    sequence.sampling(),
                    failure);
        }
    }

    /** What does not change from step to step. */
    record Origin(String model, String fingerprint, String compute, EngineConfig config) {}

    static CrashDump of(Origin origin, Instant time, String failure, List<Slice> slices) {
        List<Slice> ordered = new ArrayList<>(
                slices.stream().filter(slice -> slice.failure().isPresent()).toList());
        slices.stream().filter(slice -> slice.failure().isEmpty()).forEach(ordered::add);
        int kept = 0;
        long tokens = 0;
        while (kept < ordered.size() && (kept == 0 || tokens + ordered.get(kept).to() <= MOST_TOKENS)) {
            tokens += ordered.get(kept++).to();
        }
        return new CrashDump(
                FORMAT,
                runningVersion(),
                time,
                origin.model(),
                origin.fingerprint(),
                origin.compute(),
                KernelChoice.describe(),
                origin.config(),
                failure,
                List.copyOf(ordered.subList(0, kept)),
                ordered.size() - kept);
    }

    /** The version of this program; {@code development} outside a jar. */
    public static String runningVersion() {
        ModuleDescriptor descriptor = CrashDump.class.getModule().getDescriptor();
        return descriptor == null ? "development" : descriptor.rawVersion().orElse("development");
    }

    /**
     * Reads a file.
     *
     * @throws UserError if it is no dump that this version reads
     */
    public static CrashDump read(Path file) {
        CrashDump dump;
        try {
            JsonNode found = JSON.readTree(Files.readString(file));
            checkFormat(file, found);
            dump = JSON.treeToValue(found, CrashDump.class);
        } catch (IOException e) {
            throw new UserError("Cannot read the crash dump " + file + ": " + e + ".", e);
        } catch (JacksonException e) {
            throw new UserError(
                    file + " is no crash dump: expected the JSON that a node writes when a step fails, but "
                            + e.getOriginalMessage() + ".",
                    e);
        }
        dump.check(file);
        return dump;
    }

    private static void checkFormat(Path file, JsonNode found) {
        int format = found.path("format").asInt(FORMAT);
        if (format != FORMAT) {
            throw new UserError(file + " is a crash dump of format " + format + ", but this version reads format "
                    + FORMAT + "; replay it with yuebing "
                    + found.path("version").asString("of that format") + ".");
        }
    }

    /** Refuses what would fail in the middle of a replay. */
    private void check(Path file) {
        for (Slice slice : slices) {
            int blocks = Math.ceilDiv(slice.to(), config.blockSize());
            int least = Arrays.stream(slice.blockTables())
                    .mapToInt(table -> table.length)
                    .min()
                    .orElse(0);
            if (slice.from() < 0
                    || slice.from() >= slice.to()
                    || least < blocks
                    || slice.blocksGivenBack().length != slice.blockTables().length) {
                throw new UserError(file + " is damaged: request " + slice.request() + " computes tokens "
                        + slice.from()
                        + " to " + slice.to() + " in " + least + " blocks; expected at least one"
                        + " token and " + blocks + " blocks in each group of layers.");
            }
        }
        if (slices.isEmpty()) {
            throw new UserError(file + " is damaged: it has no sequences.");
        }
    }

    String json() {
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(this);
    }
}
