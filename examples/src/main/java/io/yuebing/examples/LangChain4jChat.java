package io.yuebing.examples;

import dev.langchain4j.model.chat.ChatModel;
import io.yuebing.langchain4j.YuebingChatModel;
import io.yuebing.library.Engine;

/** Asks through LangChain4j. */
public final class LangChain4jChat {
    private LangChain4jChat() {}

    public static void main(String[] args) {
        try (var engine = Engine.open(Models.of(args))) {
            ChatModel model = new YuebingChatModel(engine);
            System.out.println(model.chat("What is 7 + 5?"));
        }
    }
}
