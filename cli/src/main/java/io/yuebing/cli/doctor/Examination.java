package io.yuebing.cli.doctor;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/** Runs checks side by side; none can fail or delay the others. */
final class Examination {

    private final Machine machine;
    private final Duration patience;

    Examination(Machine machine, Duration patience) {
        this.machine = machine;
        this.patience = patience;
    }

    /**
     * Looks at everything.
     *
     * @param told each finding, in the order of the checks, as soon as it is known
     */
    void run(List<Check> checks, Consumer<Finding> told) throws InterruptedException {
        // daemons, for a thread that hangs in a file of a broken driver cannot be interrupted
        ExecutorService threads = Executors.newThreadPerTaskExecutor(
                Thread.ofPlatform().daemon().name("check-", 0).factory());
        try {
            long deadline = System.nanoTime() + patience.toNanos();
            List<Future<List<Finding>>> running = new ArrayList<>();
            for (Check check : checks) {
                running.add(threads.submit(() -> look(check)));
            }
            for (int i = 0; i < checks.size(); i++) {
                await(checks.get(i), running.get(i), deadline - System.nanoTime())
                        .forEach(told);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private List<Finding> look(Check check) throws Exception {
        Findings findings = new Findings(check.topic());
        check.look().at(machine, findings);
        return findings.noted();
    }

    private List<Finding> await(Check check, Future<List<Finding>> running, long nanos) throws InterruptedException {
        try {
            return running.get(Math.max(0, nanos), TimeUnit.NANOSECONDS);
        } catch (TimeoutException _) {
            running.cancel(true);
            return unknown(check, "was not known after " + patience.toMillis() + " ms");
        } catch (ExecutionException e) {
            return unknown(check, "could not be looked at: " + e.getCause());
        }
    }

    private static List<Finding> unknown(Check check, String why) {
        return List.of(new Finding(Level.WARNING, check.topic(), why, Optional.of("look at it by hand")));
    }
}
