package io.yuebing.engine;

/** Holds the numbers of {@link EngineStats} between the engine's thread, which allocates nothing for them, and readers. */
final class StatsBoard {
    private int running;
    private int waiting;
    private int totalBlocks;
    private int freeBlocks;
    private int cachedBlocks;
    private int heldBlocks;
    private long preemptions;
    private long queriedTokens;
    private long hitTokens;
    private long promptTokens;
    private long generatedTokens;
    private long steps;
    private long failedSteps;
    private long integrityViolations;

    synchronized void write(
            Scheduler scheduler, int blocks, long prompt, long generated, long allSteps, long failed, long violations) {
        running = scheduler.running();
        waiting = scheduler.waiting();
        totalBlocks = blocks;
        freeBlocks = scheduler.freeBlocks();
        cachedBlocks = scheduler.cachedBlocks();
        heldBlocks = scheduler.heldBlocks();
        preemptions = scheduler.preemptions();
        queriedTokens = scheduler.queriedTokens();
        hitTokens = scheduler.hitTokens();
        promptTokens = prompt;
        generatedTokens = generated;
        steps = allSteps;
        failedSteps = failed;
        integrityViolations = violations;
    }

    synchronized EngineStats read() {
        return new EngineStats(
                running,
                waiting,
                totalBlocks,
                freeBlocks,
                cachedBlocks,
                heldBlocks,
                preemptions,
                queriedTokens,
                hitTokens,
                promptTokens,
                generatedTokens,
                steps,
                failedSteps,
                integrityViolations);
    }
}
