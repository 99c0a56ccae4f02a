package io.yuebing.examples;

import io.yuebing.library.Answer;
import io.yuebing.library.Engine;
import io.yuebing.library.Message;
import io.yuebing.library.Request;
import java.util.ArrayList;
import java.util.List;

/** Holds a conversation of several turns; what was said before is not computed again. */
public final class Conversation {
    private Conversation() {}

    public static void main(String[] args) {
        List<Message> messages = new ArrayList<>();
        try (var engine = Engine.open(Models.of(args))) {
            for (String question : List.of("Tell me a story about a cat.", "What was it about?")) {
                messages.add(Message.user(question));
                Answer answer = engine.generate(Request.chat(messages)
                                .temperature(0)
                                .maxTokens(60)
                                .stop("\n\n"))
                        .answer();
                messages.add(Message.assistant(answer.text()));
                System.out.printf("user: %s%nassistant: %s%n", question, answer.text());
                System.out.printf(
                        "(%d tokens in, %d of them computed before, %d tokens out)%n",
                        answer.promptTokens(), answer.cachedTokens(), answer.generatedTokens());
            }
        }
    }
}
