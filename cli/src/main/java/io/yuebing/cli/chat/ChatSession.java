package io.yuebing.cli.chat;

import io.yuebing.cli.OperationFailed;
import io.yuebing.cli.Terminal;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/** A conversation in the terminal: reads lines, prints answers as they come, remembers both. */
public final class ChatSession {
    private static final String HELP = """
            /reset          forget the conversation
            /system TEXT    set the system message; without TEXT, remove it
            /help           show this
            /exit           leave; so does Ctrl-D
            Ctrl-C          stop the running answer; without one, leave""";

    private final ChatClient client;
    private final String model;
    private final ChatClient.Style style;
    private final BufferedReader in;
    private final PrintStream out;
    private final Terminal terminal;
    private final List<ChatClient.Message> history = new ArrayList<>();
    private String system;
    private boolean failed;

    /** @param system the system message; empty = none */
    public ChatSession(
            ChatClient client,
            String model,
            ChatClient.Style style,
            String system,
            BufferedReader in,
            PrintStream out,
            Terminal terminal) {
        this.client = client;
        this.model = model;
        this.style = style;
        this.system = system;
        this.in = in;
        this.out = out;
        this.terminal = terminal;
    }

    /**
     * Talks until the input ends or the person leaves.
     *
     * @return whether every question was answered
     */
    public boolean run() throws IOException, InterruptedException {
        if (terminal.interactive()) {
            out.println(terminal.dim("Talking to " + model + ". /help shows the commands."));
        }
        while (true) {
            prompt();
            String line = in.readLine();
            if (line == null || line.strip().equals("/exit")) {
                return !failed;
            }
            take(line.strip());
        }
    }

    private void take(String line) throws InterruptedException {
        if (line.isEmpty()) {
            return;
        }
        if (!line.startsWith("/")) {
            ask(line);
            return;
        }
        String[] words = line.split("\\s+", 2);
        switch (words[0]) {
            case "/reset" -> {
                history.clear();
                note("The conversation is forgotten.");
            }
            case "/system" -> {
                system = words.length > 1 ? words[1] : "";
                note(system.isEmpty() ? "There is no system message now." : "The system message is set.");
            }
            case "/help" -> out.println(HELP);
            default -> note("There is no command " + words[0] + "; /help shows them.");
        }
    }

    private void ask(String question) throws InterruptedException {
        List<ChatClient.Message> conversation = new ArrayList<>();
        if (!system.isEmpty()) {
            conversation.add(new ChatClient.Message("system", system));
        }
        conversation.addAll(history);
        ChatClient.Message message = new ChatClient.Message("user", question);
        conversation.add(message);
        try {
            String answer = client.answer(model, conversation, style, piece -> {
                out.print(piece);
                out.flush();
            });
            out.println();
            history.add(message);
            history.add(new ChatClient.Message("assistant", answer));
        } catch (OperationFailed e) {
            failed = true;
            out.println();
            System.err.println(terminal.red("yuebing:") + " " + e.getMessage());
        }
    }

    private void prompt() {
        if (terminal.interactive()) {
            out.print(terminal.bold("> "));
            out.flush();
        }
    }

    /** A remark for a person; a pipe gets answers only. */
    private void note(String text) {
        if (terminal.interactive()) {
            out.println(terminal.dim(text));
        }
    }
}
