package io.yuebing.engine;

import java.util.ArrayList;
import java.util.List;

/** Commands from any thread to the engine's thread, in order. */
final class Mailbox {
    private List<Command> commands = new ArrayList<>();
    private boolean closed;

    /** Leaves a command; false if nobody will read it any more. */
    synchronized boolean post(Command command) {
        if (closed) {
            return false;
        }
        commands.add(command);
        notifyAll();
        return true;
    }

    /** Takes all commands there are. */
    synchronized List<Command> take() {
        if (commands.isEmpty()) {
            return List.of();
        }
        List<Command> taken = commands;
        commands = new ArrayList<>();
        return taken;
    }

    /** Waits until there is a command or the mailbox is closed. */
    synchronized void await() throws InterruptedException {
        while (commands.isEmpty() && !closed) {
            wait();
        }
    }

    /** Accepts no more commands; those left can still be taken. */
    synchronized void close() {
        closed = true;
        notifyAll();
    }

    synchronized boolean closed() {
        return closed;
    }
}
