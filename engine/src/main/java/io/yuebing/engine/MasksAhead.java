package io.yuebing.engine;

import io.yuebing.grammar.OutputState;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Finds the tokens that constrained sequences may take next, while the model computes the step that will ask for them.
 *
 * <p>One virtual thread a step, and none where all masks are known already. The states belong to it from {@link #begin}
 * to {@link #await}.
 */
final class MasksAhead {
    private CompletableFuture<?> running = CompletableFuture.completedFuture(null);

    /** Begins with these states, unless nothing is to be found. */
    void begin(List<OutputState> states) {
        await();
        if (!states.isEmpty() && !states.stream().allMatch(OutputState::prepared)) {
            List<OutputState> open = List.copyOf(states);
            running = CompletableFuture.runAsync(
                    () -> open.forEach(OutputState::prepare),
                    task -> Thread.ofVirtual().name("yuebing-masks").start(task));
        }
    }

    /** Waits until all is found. What fails here fails again where the mask is used, for its own sequence. */
    void await() {
        if (!running.isDone()) {
            running.handle((found, failure) -> found).join();
        }
    }
}
