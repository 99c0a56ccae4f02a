package io.yuebing.examples;

import io.yuebing.library.Engine;
import io.yuebing.springai.YuebingChatModel;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.prompt.Prompt;

/** Asks through Spring AI, whole and streaming. */
public final class SpringAiChat {
    private SpringAiChat() {}

    public static void main(String[] args) {
        try (var engine = Engine.open(Models.of(args))) {
            ChatModel model = new YuebingChatModel(engine);
            System.out.println(model.call("What is 7 + 5?"));
            model.stream(new Prompt("What is 3 + 4?"))
                    .doOnNext(part -> System.out.print(
                            part.getResults().getFirst().getOutput().getText()))
                    .blockLast();
            System.out.println();
        }
    }
}
