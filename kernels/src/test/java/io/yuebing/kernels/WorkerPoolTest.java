package io.yuebing.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class WorkerPoolTest {
    @Test
    void everyTaskRunsExactlyOnce() {
        long seed = 17;
        Random random = new Random(seed);
        try (WorkerPool pool = WorkerPool.create(4)) {
            long end = System.nanoTime() + 500_000_000;
            for (int run = 0; System.nanoTime() < end; run++) {
                int tasks = random.nextInt(random.nextBoolean() ? 4 : 100);
                int work = random.nextInt(200);
                AtomicIntegerArray calls = new AtomicIntegerArray(tasks);
                float[] results = new float[tasks]; // plain memory: must be visible after the run
                pool.run(tasks, task -> {
                    calls.incrementAndGet(task);
                    float value = 1;
                    for (int i = 0; i < work; i++) {
                        value = value * 0.5f + 1;
                    }
                    results[task] = value;
                });
                for (int task = 0; task < tasks; task++) {
                    assertThat(calls.get(task))
                            .as("run %d, task %d, seed %d", run, task, seed)
                            .isEqualTo(1);
                    assertThat(results[task])
                            .as("run %d, task %d, seed %d", run, task, seed)
                            .isGreaterThan(0);
                }
            }
        }
    }

    @Test
    void workersTakePart() {
        Set<Thread> threads = ConcurrentHashMap.newKeySet();
        CountDownLatch allHere = new CountDownLatch(3);
        try (WorkerPool pool = WorkerPool.create(3)) {
            assertThat(pool.threads()).isEqualTo(3);
            pool.run(3, task -> {
                threads.add(Thread.currentThread());
                allHere.countDown();
                await(allHere); // nobody can do two tasks
            });
        }
        assertThat(threads).hasSize(3).contains(Thread.currentThread());
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void oneThreadComputesWithoutWorkers() {
        try (WorkerPool pool = WorkerPool.create(1)) {
            pool.run(5, task -> assertThat(Thread.currentThread().getName()).doesNotStartWith("kernels-"));
        }
    }

    @Test
    void theFirstFailureReachesTheCallerAndThePoolGoesOn() {
        try (WorkerPool pool = WorkerPool.create(3)) {
            for (int run = 0; run < 200; run++) {
                int bad = run % 20;
                assertThatThrownBy(() -> pool.run(20, task -> {
                            if (task == bad) {
                                throw new IllegalArgumentException("task " + task);
                            }
                        }))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage("task " + bad);
                AtomicInteger calls = new AtomicInteger();
                pool.run(20, task -> calls.incrementAndGet());
                assertThat(calls).hasValue(20);
            }
            assertThatThrownBy(() -> pool.run(9, task -> {
                        throw new AssertionError("an error too");
                    }))
                    .isInstanceOf(AssertionError.class);
        }
    }

    @Test
    void anInterruptedCallerStillGetsItsResultAndStaysInterrupted() {
        try (WorkerPool pool = WorkerPool.create(2)) {
            AtomicInteger calls = new AtomicInteger();
            Thread.currentThread().interrupt();
            pool.run(50, task -> calls.incrementAndGet());
            assertThat(calls).hasValue(50);
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void aRunInsideARunIsRefused() {
        try (WorkerPool pool = WorkerPool.create(2)) {
            assertThatThrownBy(() -> pool.run(2, task -> pool.run(1, inner -> {})))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("busy");
        }
    }

    @Test
    void closingEndsTheThreads() {
        Set<Thread> threads = ConcurrentHashMap.newKeySet();
        CountDownLatch allHere = new CountDownLatch(3);
        WorkerPool pool = WorkerPool.create(3);
        pool.run(3, task -> {
            threads.add(Thread.currentThread());
            allHere.countDown();
            await(allHere);
        });
        pool.close();
        pool.close();
        threads.remove(Thread.currentThread());
        assertThat(threads).hasSize(2).noneMatch(Thread::isAlive);
        assertThatThrownBy(() -> pool.run(1, task -> {})).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aPoolNeedsAThread() {
        assertThatThrownBy(() -> WorkerPool.create(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not 0");
    }
}
