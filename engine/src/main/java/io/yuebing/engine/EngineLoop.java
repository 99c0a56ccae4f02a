package io.yuebing.engine;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.FinishReason;
import io.yuebing.api.GenerateEvent.Finished;
import io.yuebing.api.GenerateEvent.PromptDone;
import io.yuebing.api.GenerateEvent.Token;
import io.yuebing.api.SampledToken;
import io.yuebing.api.ServiceException;
import io.yuebing.kv.LayerGroup;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the engine's one thread does: take commands, plan a step, compute it, publish its tokens; wait when there is
 * nothing to do.
 */
final class EngineLoop implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(EngineLoop.class);

    /** Steps that may fail one after the other before the engine gives up. */
    private static final int MAX_CONSECUTIVE_FAILURES = 3;

    private final EngineConfig config;
    private final Mailbox mailbox;
    private final Scheduler scheduler;
    private final StepRunner runner;
    private final CrashDumps dumps;
    /** Sequences in progress; counted up by who submits. */
    private final AtomicInteger inProgress;

    private final Deque<Command.Reserve> wishes = new ArrayDeque<>();

    private long promptTokens;
    private long generatedTokens;
    private long steps;
    private long failedSteps;
    private int consecutiveFailures;
    /** Why the engine gave up. */
    private @Nullable Throwable defect;

    private long integrityViolations;
    /** What others may see: written after each step, read as one. */
    private final StatsBoard stats = new StatsBoard();

    EngineLoop(
            EngineConfig config,
            List<LayerGroup> groups,
            Mailbox mailbox,
            StepRunner runner,
            CrashDumps dumps,
            AtomicInteger inProgress) {
        this.config = config;
        this.mailbox = mailbox;
        this.runner = runner;
        this.dumps = dumps;
        this.inProgress = inProgress;
        scheduler = new Scheduler(config, groups);
        publishStats();
    }

    EngineStats stats() {
        return stats.read();
    }

    @Override
    public void run() {
        try {
            while (!mailbox.closed()) {
                handleCommands();
                StepPlan plan = scheduler.plan();
                if (!plan.slices().isEmpty()) {
                    step(plan);
                } else if (plan.preempted() == 0) {
                    checkIntegrity();
                    publishStats();
                    mailbox.await();
                }
                publishStats();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error e) {
            defect = e;
            LOG.error("The engine stops because of a defect", e);
        } finally {
            mailbox.close();
            shutDown();
            publishStats();
        }
    }

    // ---- commands

    private void handleCommands() {
        List<Command> commands = mailbox.take();
        for (int i = 0; i < commands.size(); i++) {
            handle(commands.get(i));
        }
        if (!wishes.isEmpty()) {
            grantReservations();
        }
    }

    private void handle(Command command) {
        switch (command) {
            case Command.Submit(Sequence sequence) -> {
                if (!endedBefore(sequence)) {
                    scheduler.add(sequence);
                }
            }
            case Command.Resume(Sequence sequence, BlockReservation reservation) -> resume(sequence, reservation);
            case Command.Cancel(Sequence sequence) -> finish(sequence, finished(FinishReason.ABORT));
            case Command.Reserve wish -> wishes.addLast(wish);
            case Command.Release(BlockReservation reservation) -> scheduler.release(reservation);
            case Command.HoldEnded(Sequence sequence, ServiceException failure) -> holdEnded(sequence, failure);
        }
    }

    private void resume(Sequence sequence, BlockReservation reservation) {
        if (endedBefore(sequence)) {
            scheduler.release(reservation);
            return;
        }
        scheduler.resume(sequence, reservation);
        publishPromptDone(sequence);
    }

    /** Ends a continuation at once whose given tokens already contain the end. */
    private boolean endedBefore(Sequence sequence) {
        Optional<Finished> end = sequence.length() > sequence.promptLength() ? sequence.end() : Optional.empty();
        end.ifPresent(finished -> {
            publishPromptDone(sequence);
            finish(sequence, finished);
        });
        return end.isPresent();
    }

    private void holdEnded(Sequence sequence, @Nullable ServiceException failure) {
        if (sequence.leave()) {
            forget(sequence);
            if (failure == null) {
                sequence.stream().finish(finished(FinishReason.HANDOFF));
            } else {
                sequence.stream().fail(failure);
            }
        } else {
            // kept longer than its stream; if it was aborted, there is nothing left to remove
            scheduler.remove(sequence);
        }
    }

    private void grantReservations() {
        wishes.removeIf(wish -> wish.granted().isDone());
        while (!wishes.isEmpty() && scheduler.canReserve(wishes.getFirst().wish())) {
            Command.Reserve wish = wishes.removeFirst();
            BlockReservation reservation = scheduler.reserve(wish.wish(), ended -> {
                // A closed mailbox means that the engine has ended, and its blocks with it.
                mailbox.post(new Command.Release(ended));
            });
            if (!wish.granted().complete(reservation)) {
                reservation.close();
            }
        }
    }

    // ---- steps

    private void step(StepPlan plan) {
        steps++;
        try {
            runner.run(plan);
        } catch (RuntimeException | Error e) {
            stepFailed(plan, e);
            return;
        }
        consecutiveFailures = 0;
        List<StepPlan.Slice> slices = plan.slices();
        String kept = runner.computedWrongly() ? keep(plan, "a sequence of the step failed") : "";
        for (int i = 0; i < slices.size(); i++) {
            ServiceException failure = runner.failure(i);
            if (failure == null) {
                publish(slices.get(i), runner.sampled(i));
            } else {
                ServiceException told = new ServiceException(
                        failure.code(),
                        failure.getMessage() + kept,
                        failure.param().orElse(null),
                        failure.getCause());
                LOG.error("Request {} failed: {}", slices.get(i).sequence().id(), told.getMessage());
                fail(slices.get(i).sequence(), told);
            }
        }
    }

    private void publish(StepPlan.Slice slice, @Nullable SampledToken token) {
        Sequence sequence = slice.sequence();
        boolean complete = slice.completes();
        scheduler.commit(slice);
        if (!complete) {
            return;
        }
        if (sequence.inPrompt()) {
            promptTokens += sequence.promptLength();
            publishPromptDone(sequence);
        }
        if (token != null) {
            generatedTokens++;
            sequence.append(token.id());
            sequence.stream().publish(new Token(token));
        }
        Optional<Finished> end = sequence.end();
        if (end.isPresent()) {
            finish(sequence, end.get());
        } else if (sequence.sink() != null) {
            handOff(sequence, sequence.sink(), slice.to());
        }
    }

    private static void publishPromptDone(Sequence sequence) {
        sequence.stream().publish(new PromptDone(sequence.cachedTokens(), sequence.promptLogprobs()));
        sequence.promptDone();
    }

    private void handOff(Sequence sequence, KvSink sink, int tokens) {
        scheduler.hold(sequence);
        BlockHold hold = new BlockHold(
                sequence.listedBlocks(), tokens, failure -> mailbox.post(new Command.HoldEnded(sequence, failure)));
        try {
            sink.promptWritten(hold);
            if (sink.outlivesStream() && sequence.leave()) {
                inProgress.decrementAndGet();
                sequence.stream().finish(finished(FinishReason.HANDOFF));
            }
        } catch (RuntimeException e) {
            fail(
                    sequence,
                    new ServiceException(
                            ErrorCode.INTERNAL, "Handing over the KV cache of the prompt failed: " + e, null, e));
        }
    }

    private void stepFailed(StepPlan plan, Throwable cause) {
        failedSteps++;
        consecutiveFailures++;
        String kept = keep(plan, cause.toString());
        LOG.error("A step of {} sequences failed.{}", plan.slices().size(), kept, cause);
        for (StepPlan.Slice slice : plan.slices()) {
            fail(
                    slice.sequence(),
                    new ServiceException(
                            ErrorCode.INTERNAL,
                            "The model failed in a step of " + plan.slices().size() + " sequences: " + cause
                                    + (kept.isEmpty() ? "" : "." + kept),
                            null,
                            cause));
        }
        if (consecutiveFailures >= MAX_CONSECUTIVE_FAILURES) {
            defect = cause;
            LOG.error("The engine stops: {} steps failed one after the other", consecutiveFailures);
            mailbox.close();
        }
    }

    /** Keeps the step, to be computed again by who looks for the defect; what an error says of it. */
    private String keep(StepPlan plan, String failure) {
        List<CrashDump.Slice> slices = new ArrayList<>();
        for (int i = 0; i < plan.slices().size(); i++) {
            slices.add(CrashDump.Slice.of(
                    plan.slices().get(i), Optional.ofNullable(runner.failure(i)).map(ServiceException::getMessage)));
        }
        return dumps.keep(runner.model(), config, failure, slices)
                .map(file -> " The step is kept in " + file + "; `yuebing replay " + file + "` shows where it fails.")
                .orElse("");
    }

    // ---- ends

    private void finish(Sequence sequence, Finished end) {
        if (sequence.leave()) {
            abortSink(sequence);
            forget(sequence);
            sequence.stream().finish(end);
        }
    }

    private void fail(Sequence sequence, ServiceException cause) {
        if (sequence.leave()) {
            abortSink(sequence);
            forget(sequence);
            sequence.stream().fail(cause);
        }
    }

    private void forget(Sequence sequence) {
        scheduler.remove(sequence);
        inProgress.decrementAndGet();
    }

    /** Stops readers of the sequence's blocks, which must happen before the blocks are given to others. */
    private static void abortSink(Sequence sequence) {
        KvSink sink = sequence.sink();
        if (sink != null) {
            try {
                sink.aborted();
            } catch (RuntimeException e) {
                LOG.error("Stopping the KV transfer of request {} failed", sequence.id(), e);
            }
        }
    }

    /** Ends everything that is under way or was asked for. */
    private void shutDown() {
        for (Command command : mailbox.take()) {
            handle(command);
        }
        for (Sequence sequence : scheduler.sequences()) {
            if (defect != null) {
                fail(
                        sequence,
                        new ServiceException(
                                ErrorCode.INTERNAL,
                                "The engine has stopped because of a defect: " + defect,
                                null,
                                defect));
            } else {
                finish(sequence, finished(FinishReason.ABORT));
            }
        }
        for (Command.Reserve wish : wishes) {
            wish.granted().completeExceptionally(Engine.stopped());
        }
    }

    private static Finished finished(FinishReason reason) {
        return new Finished(reason, OptionalInt.empty());
    }

    // ---- what there is

    private void checkIntegrity() {
        Optional<String> violation = scheduler.check();
        if (violation.isPresent()) {
            integrityViolations++;
            LOG.error("Defect in the accounts of KV blocks: {}", violation.get());
        }
    }

    private void publishStats() {
        stats.write(scheduler, config.blocks(), promptTokens, generatedTokens, steps, failedSteps, integrityViolations);
    }
}
