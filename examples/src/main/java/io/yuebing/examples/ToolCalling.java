package io.yuebing.examples;

import io.yuebing.answer.ToolCall;
import io.yuebing.library.Answer;
import io.yuebing.library.Engine;
import io.yuebing.library.Message;
import io.yuebing.library.Request;
import io.yuebing.library.Tool;
import io.yuebing.library.ToolChoice;
import java.util.ArrayList;
import java.util.List;

/** Lets the model call a function of this program, and tells it the result. */
public final class ToolCalling {
    private static final Tool WEATHER = Tool.strict("weather", "The weather in a city", """
            {"type": "object", "properties": {"city": {"enum": ["Rome", "Oslo"]}}, "required": ["city"],
             "additionalProperties": false}""");

    private ToolCalling() {}

    public static void main(String[] args) {
        try (var engine = Engine.open(Models.of(args))) {
            List<Message> messages = new ArrayList<>(List.of(Message.user("How is the weather in Rome?")));
            Answer asked = engine.generate(request(messages).toolChoice(new ToolChoice.Named("weather")))
                    .answer();
            messages.add(Message.of(asked));
            for (ToolCall call : asked.toolCalls()) {
                System.out.println(call.name() + " " + call.arguments());
                messages.add(Message.tool(call, "sunny, 24 degrees"));
            }
            System.out.println(engine.generate(request(messages)).answer());
        }
    }

    private static Request request(List<Message> messages) {
        return Request.chat(messages).tools(WEATHER).temperature(0).maxTokens(60);
    }
}
