package io.yuebing.examples;

import io.yuebing.library.Engine;
import io.yuebing.library.EngineOptions;
import io.yuebing.library.Request;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Generates several texts together, which takes hardly longer than one: threads just ask, and the engine batches. */
public final class ManyAtOnce {
    private ManyAtOnce() {}

    public static void main(String[] args) throws InterruptedException, ExecutionException {
        EngineOptions options =
                EngineOptions.builder().maxModelLength(512).maxSequences(16).build();
        try (var engine = Engine.open(Models.of(args), options);
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<String>> texts = List.of("The sea", "The moon", "A dog", "A king").stream()
                    .map(beginning -> threads.submit(() -> beginning
                            + engine.generate(continuation(beginning)).answer().text()))
                    .toList();
            for (Future<String> text : texts) {
                System.out.println(text.get());
            }
        }
    }

    private static Request continuation(String beginning) {
        return Request.prompt(beginning).temperature(0.8).seed(1).maxTokens(20).stop("\n");
    }
}
