package io.yuebing.cli;

/** The program. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        System.exit(
                ChildCall.is(arguments)
                        ? ChildCall.parse(arguments).run()
                        : Commands.of(Terminal.detect(System.getenv())).execute(arguments));
    }
}
