package io.yuebing.kernels;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs the parts of one computation on a fixed set of threads, the caller's among them.
 *
 * <p>A forward pass hands out some hundred pieces of work that take tens of microseconds each, so workers look for the
 * next one for a short while before they sleep. The while is short because the cores may belong to other processes too.
 */
public final class WorkerPool implements AutoCloseable {
    /** Longer than the gap between two products of one layer, shorter than anybody would notice as load. */
    private static final long SPIN_NANOS = 40_000;

    private static final int SPINS_PER_CLOCK_READ = 32;

    /** A task number that no run reaches: there is nothing to do. */
    private static final int NOTHING = Integer.MAX_VALUE;

    private static final IntConsumer NO_BODY = task -> {};

    private final Worker[] workers;
    private final AtomicBoolean running = new AtomicBoolean();

    /**
     * Number of the run in the high half, of its next task in the low one. Taking a task is a compare-and-set of both,
     * so a worker that comes late can take none of another run.
     */
    private final AtomicLong next = new AtomicLong(NOTHING);

    private final AtomicInteger finished = new AtomicInteger();
    private volatile int tasks;
    private volatile IntConsumer body = NO_BODY;
    private volatile @Nullable Thread sleepingCaller;
    private volatile @Nullable Throwable failure;
    private volatile boolean closed;

    private WorkerPool(int threads) {
        workers = new Worker[threads - 1];
        for (int i = 0; i < workers.length; i++) {
            workers[i] = new Worker("kernels-" + (i + 1));
        }
        for (Worker worker : workers) {
            worker.start();
        }
    }

    /**
     * Starts a pool.
     *
     * @param threads threads that compute, the caller of {@link #run} included; at least 1
     */
    public static WorkerPool create(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("A worker pool needs at least 1 thread, not " + threads);
        }
        return new WorkerPool(threads);
    }

    /** Threads that compute, the caller of {@link #run} included. */
    public int threads() {
        return workers.length + 1;
    }

    /**
     * Calls {@code work} once for each of {@code 0 .. count-1}, on any of the threads, and returns when all are done.
     *
     * <p>One run at a time: a task must not start another run on the same pool. If a task fails, tasks that have not
     * begun are left out and the first failure is rethrown; with the pool's memory effects complete either way.
     *
     * @throws IllegalStateException if the pool is closed or another run is going on
     */
    public void run(int count, IntConsumer work) {
        if (closed) {
            throw new IllegalStateException("The worker pool is closed");
        }
        if (!running.compareAndSet(false, true)) {
            throw new IllegalStateException("The worker pool is busy with another run");
        }
        try {
            if (count <= 1 || workers.length == 0) {
                for (int task = 0; task < count; task++) {
                    work.accept(task);
                }
            } else {
                runTogether(count, work);
            }
        } finally {
            running.set(false);
        }
    }

    private void runTogether(int count, IntConsumer work) {
        failure = null;
        finished.set(0);
        tasks = count;
        body = work;
        long run = (next.get() >>> Integer.SIZE) + 1;
        next.set(run << Integer.SIZE);
        int needed = Math.min(workers.length, count - 1);
        for (int i = 0; i < needed; i++) {
            workers[i].wake();
        }
        takeTasks();
        awaitEnd();
        next.set(run << Integer.SIZE | NOTHING);
        body = NO_BODY; // it may hold on to much memory
        rethrowFailure();
    }

    private boolean hasTasks() {
        return (int) next.get() < tasks;
    }

    private void takeTasks() {
        while (true) {
            long taken = next.get();
            int task = (int) taken;
            int end = tasks;
            IntConsumer work = body;
            if (task >= end) {
                return;
            }
            if (next.compareAndSet(taken, taken + 1)) { // then end and work belong to the same run
                if (failure == null) {
                    attempt(work, task);
                }
                if (finished.incrementAndGet() == end) {
                    LockSupport.unpark(sleepingCaller);
                }
            }
        }
    }

    private void attempt(IntConsumer work, int task) {
        try {
            work.accept(task);
        } catch (Throwable t) { // an Error in a worker must reach the caller too
            synchronized (this) {
                if (failure == null) {
                    failure = t;
                }
            }
        }
    }

    private void awaitEnd() {
        long deadline = System.nanoTime() + SPIN_NANOS;
        for (int spins = 1; finished.get() < tasks; spins++) {
            if (spins % SPINS_PER_CLOCK_READ == 0 && System.nanoTime() - deadline > 0) {
                sleepUntilEnd();
                return;
            }
            Thread.onSpinWait();
        }
    }

    private void sleepUntilEnd() {
        boolean interrupted = false;
        sleepingCaller = Thread.currentThread();
        while (finished.get() < tasks) {
            LockSupport.park(this);
            interrupted |= Thread.interrupted(); // otherwise park would not sleep
        }
        sleepingCaller = null;
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void rethrowFailure() {
        Throwable t = failure;
        failure = null;
        if (t instanceof RuntimeException e) {
            throw e;
        }
        if (t instanceof Error e) {
            throw e;
        }
        if (t != null) {
            throw new IllegalStateException("A task of the worker pool failed", t);
        }
    }

    /** Ends the threads and waits for them. Must not be called during a run; further calls do nothing. */
    @Override
    public void close() {
        closed = true;
        boolean interrupted = false;
        for (Worker worker : workers) {
            LockSupport.unpark(worker);
            while (true) {
                try {
                    worker.join();
                    break;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** A thread that waits for tasks. */
    private final class Worker extends Thread {
        private volatile boolean sleeps;

        Worker(String name) {
            super(name);
            setDaemon(true);
        }

        void wake() {
            if (sleeps) {
                LockSupport.unpark(this);
            }
        }

        @Override
        public void run() {
            while (!closed) {
                awaitTasks();
                takeTasks();
            }
        }

        private void awaitTasks() {
            long deadline = System.nanoTime() + SPIN_NANOS;
            for (int spins = 1; !closed && !hasTasks(); spins++) {
                if (spins % SPINS_PER_CLOCK_READ == 0 && System.nanoTime() - deadline > 0) {
                    sleepUntilTasks();
                    return;
                }
                Thread.onSpinWait();
            }
        }

        private void sleepUntilTasks() {
            sleeps = true;
            while (!closed && !hasTasks()) {
                LockSupport.park(WorkerPool.this);
            }
            sleeps = false;
        }
    }
}
