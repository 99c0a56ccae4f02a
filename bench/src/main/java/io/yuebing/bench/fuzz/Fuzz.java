package io.yuebing.bench.fuzz;

import com.sun.management.ThreadMXBean;
import io.yuebing.api.UserError;
import io.yuebing.bench.Progress;
import io.yuebing.bench.fuzz.FuzzReport.Finding;
import io.yuebing.bench.fuzz.FuzzReport.Row;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.DoubleConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Reads damaged files the way the program does.
 *
 * <p>Each must end in a good load or in one sentence that names the file, soon, and without much memory. The damage of an
 * attempt depends on (seed, format, attempt) alone.
 */
public final class Fuzz {
    private static final long MOST_SECONDS = 20;

    /** The samples have some hundred kilobytes; nothing they can be made to say may cost much more. */
    private static final long MOST_BYTES = 96L << 20;

    private static final int MOST_FINDINGS = 20;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final FuzzOptions options;
    private final Path work;
    private long deadline;
    /** Whether the reader has not come back, which ends the run. */
    private boolean stuck;

    private final List<Finding> findings = new ArrayList<>();

    private Fuzz(FuzzOptions options, Path work) {
        this.options = options;
        this.work = work;
    }

    /** What became of one attempt. */
    private record Outcome(boolean loaded, @Nullable String fault, long allocated) {}

    /** Runs all attempts, or as many as there is time for. */
    public static FuzzReport run(FuzzOptions options, Progress progress) throws InterruptedException {
        try {
            Path work = Files.createTempDirectory("yuebing-fuzz");
            ExecutorService reader = Executors.newSingleThreadExecutor(
                    Thread.ofPlatform().daemon().name("fuzz").factory());
            try {
                return new Fuzz(options, work).all(reader, progress);
            } finally {
                reader.shutdownNow();
                deleteTree(work);
            }
        } catch (IOException e) {
            throw new UserError("cannot write the files to try: " + e.getMessage(), e);
        }
    }

    private FuzzReport all(ExecutorService reader, Progress progress) throws IOException, InterruptedException {
        List<Row> rows = new ArrayList<>();
        int number = 0;
        long began = System.nanoTime();
        for (FuzzFormat format : options.formats()) {
            double share = (double) number++ / options.formats().size();
            deadline = began + options.limit().toNanos() / options.formats().size() * number;
            rows.add(attempts(
                    format,
                    reader,
                    done -> progress.at(
                            format.label(), share + done / options.formats().size())));
        }
        return new FuzzReport(rows, findings);
    }

    private Row attempts(FuzzFormat format, ExecutorService reader, DoubleConsumer progress)
            throws IOException, InterruptedException {
        List<FuzzSample> samples = format.samples();
        List<Path> folders = new ArrayList<>();
        for (FuzzSample sample : samples) {
            Path folder = work.resolve(format.label() + "-" + folders.size());
            write(sample.files(), folder);
            requireValid(sample, folder, reader);
            folders.add(folder);
        }
        long loaded = 0;
        long refused = 0;
        long failed = 0;
        long most = 0;
        for (long attempt = 0; attempt < options.mutations() && inTime(); attempt++) {
            progress.accept((double) attempt / options.mutations());
            int which = (int) (attempt % samples.size());
            Outcome outcome = attempt(format, attempt, samples.get(which), folders.get(which), reader);
            most = Math.max(most, outcome.allocated());
            failed += outcome.fault() != null ? 1 : 0;
            loaded += outcome.fault() == null && outcome.loaded() ? 1 : 0;
            refused += outcome.fault() == null && !outcome.loaded() ? 1 : 0;
        }
        return new Row(format, loaded, refused, failed, most);
    }

    private boolean inTime() {
        return !stuck && System.nanoTime() - deadline < 0 && findings.size() < MOST_FINDINGS;
    }

    private void requireValid(FuzzSample sample, Path folder, ExecutorService reader) throws InterruptedException {
        Outcome outcome = read(sample, folder, reader);
        if (!outcome.loaded() || outcome.fault() != null) {
            throw new IllegalStateException(
                    "the undamaged sample '" + sample.name() + "' is not read: " + outcome.fault());
        }
    }

    private Outcome attempt(FuzzFormat format, long attempt, FuzzSample sample, Path folder, ExecutorService reader)
            throws IOException, InterruptedException {
        Random random = new Random(options.seed() * 0x9E3779B97F4A7C15L + format.ordinal() * 1_000_003L + attempt);
        random.nextInt(); // the first value of neighbouring seeds is alike
        String name = sample.damaged().get(random.nextInt(sample.damaged().size()));
        byte[] valid = sample.files().get(name);
        if (valid == null) {
            throw new IllegalStateException("the sample '" + sample.name() + "' has no " + name);
        }
        Path file = folder.resolve(name);
        replace(file, Mutation.of(valid, random));
        Outcome outcome = read(sample, folder, reader);
        if (outcome.fault() != null) {
            Path kept = options.keep().resolve(format.label() + "-seed-" + options.seed() + "-" + attempt);
            Map<String, byte[]> files = new HashMap<>(sample.files());
            files.put(name, Files.readAllBytes(file));
            write(files, kept);
            findings.add(new Finding(
                    format, attempt, outcome.fault(), kept.resolve(name).toString()));
        }
        replace(file, valid);
        return outcome;
    }

    /** As a new file: some file systems write one that is overwritten to the disk at once. */
    private static void replace(Path file, byte[] bytes) throws IOException {
        Files.delete(file);
        Files.write(file, bytes);
    }

    private Outcome read(FuzzSample sample, Path folder, ExecutorService reader) throws InterruptedException {
        Future<Outcome> future = reader.submit(() -> read(sample, folder));
        try {
            return future.get(MOST_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            stuck = true;
            return new Outcome(false, "reading takes more than " + MOST_SECONDS + " s", 0);
        } catch (ExecutionException e) {
            throw new IllegalStateException("reading " + folder + " failed", e);
        }
    }

    private static Outcome read(FuzzSample sample, Path folder) {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        Optional<String> fault;
        boolean loaded = false;
        try {
            sample.reader().read(folder);
            loaded = true;
            fault = Optional.empty();
        } catch (UserError e) {
            fault = fault(folder, String.valueOf(e.getMessage()));
        } catch (RuntimeException | Error e) { // whatever is thrown is what is looked for
            StackTraceElement[] trace = e.getStackTrace();
            fault = Optional.of(e + (trace.length == 0 ? "" : " at " + trace[0]));
        }
        long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        if (allocated > MOST_BYTES) {
            fault = Optional.of("it allocates " + allocated + " bytes, expected at most " + MOST_BYTES);
        }
        return new Outcome(loaded, fault.orElse(null), allocated);
    }

    /** A refusal is one sentence, without line breaks, that names the file or its folder. */
    private static Optional<String> fault(Path folder, String message) {
        if (!message.contains(folder.toString())) {
            return Optional.of("the refusal does not name the file: " + message);
        }
        return message.contains("\n") ? Optional.of("the refusal has several lines: " + message) : Optional.empty();
    }

    private static void write(Map<String, byte[]> files, Path folder) throws IOException {
        Files.createDirectories(folder);
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            Files.write(folder.resolve(file.getKey()), file.getValue());
        }
    }

    private static void deleteTree(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> {
                try {
                    Files.delete(file);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }
}
