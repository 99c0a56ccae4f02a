package io.yuebing.examples;

import io.yuebing.library.Engine;
import io.yuebing.library.Message;
import io.yuebing.library.Request;

/** Prints an answer while it is generated. */
public final class Hello {
    private Hello() {}

    public static void main(String[] args) {
        Request request =
                Request.chat(Message.user("What is 7 + 5?")).temperature(0).maxTokens(100);
        try (var engine = Engine.open(Models.of(args))) {
            engine.generate(request).forEach(System.out::print);
        }
        System.out.println();
    }
}
