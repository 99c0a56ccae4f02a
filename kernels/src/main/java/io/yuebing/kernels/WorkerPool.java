package io.yuebing.kernels;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
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

    private final Worker[] workers;
    private final AtomicBoolean running = new AtomicBoolean();
    private volatile @Nullable Job job;
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
     * Calls {@code body} once for each of {@code 0 .. tasks-1}, on any of the threads, and returns when all are done.
     *
     * <p>One run at a time: a task must not start another run on the same pool. If a task fails, tasks that have not
     * begun are left out and the first failure is rethrown; with the pool's memory effects complete either way.
     *
     * @throws IllegalStateException if the pool is closed or another run is going on
     */
    public void run(int tasks, IntConsumer body) {
        if (closed) {
            throw new IllegalStateException("The worker pool is closed");
        }
        if (!running.compareAndSet(false, true)) {
            throw new IllegalStateException("The worker pool is busy with another run");
        }
        try {
            if (tasks <= 1 || workers.length == 0) {
                for (int task = 0; task < tasks; task++) {
                    body.accept(task);
                }
            } else {
                runTogether(new Job(tasks, body, Thread.currentThread()));
            }
        } finally {
            running.set(false);
        }
    }

    private void runTogether(Job next) {
        job = next;
        int needed = Math.min(workers.length, next.tasks - 1);
        for (int i = 0; i < needed; i++) {
            workers[i].wake();
        }
        next.work();
        next.awaitEnd();
        job = null; // the body may hold on to much memory
        next.rethrowFailure();
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

    /** One call of {@link #run}. A worker that comes late finds all tasks taken and does no harm. */
    private static final class Job {
        private final int tasks;
        private final IntConsumer body;
        private final Thread caller;
        private final AtomicInteger taken = new AtomicInteger();
        private final AtomicInteger finished = new AtomicInteger();
        private volatile boolean callerSleeps;
        private volatile @Nullable Throwable failure;

        Job(int tasks, IntConsumer body, Thread caller) {
            this.tasks = tasks;
            this.body = body;
            this.caller = caller;
        }

        void work() {
            for (int task = taken.getAndIncrement(); task < tasks; task = taken.getAndIncrement()) {
                if (failure == null) {
                    attempt(task);
                }
                if (finished.incrementAndGet() == tasks && callerSleeps) {
                    LockSupport.unpark(caller);
                }
            }
        }

        private void attempt(int task) {
            try {
                body.accept(task);
            } catch (Throwable t) { // an Error in a worker must reach the caller too
                synchronized (this) {
                    if (failure == null) {
                        failure = t;
                    }
                }
            }
        }

        void awaitEnd() {
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
            callerSleeps = true;
            while (finished.get() < tasks) {
                LockSupport.park(this);
                interrupted |= Thread.interrupted(); // otherwise park would not sleep
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }

        void rethrowFailure() {
            Throwable t = failure;
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
    }

    /** A thread that waits for jobs. */
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
            Job last = null;
            while (!closed) {
                Job next = awaitJobAfter(last);
                if (next != null) {
                    next.work();
                }
                last = next;
            }
        }

        private @Nullable Job awaitJobAfter(@Nullable Job last) {
            long deadline = System.nanoTime() + SPIN_NANOS;
            for (int spins = 1; ; spins++) {
                Job current = job;
                if (closed || (current != null && current != last)) {
                    return current;
                }
                if (spins % SPINS_PER_CLOCK_READ == 0 && System.nanoTime() - deadline > 0) {
                    sleepUntilJobAfter(last);
                    return job;
                }
                Thread.onSpinWait();
            }
        }

        private void sleepUntilJobAfter(@Nullable Job last) {
            sleeps = true;
            for (Job current = job; !closed && (current == null || current == last); current = job) {
                LockSupport.park(WorkerPool.this);
            }
            sleeps = false;
        }
    }
}
