import io.yuebing.library.Engine;
import io.yuebing.library.Message;
import io.yuebing.library.Request;
import java.nio.file.Path;

/** Answers one question with the model in the folder that is named. */
public class Hello {
    public static void main(String[] args) {
        Request request = Request.chat(Message.user("What is 7 + 5?")).temperature(0).maxTokens(20);
        try (var engine = Engine.open(Path.of(args[0]))) {
            engine.generate(request).forEach(System.out::print);
        }
        System.out.println();
    }
}
