/**
 * What an answer is made of: thoughts, content and calls of tools, told apart while its text is generated.
 *
 * <p>{@link io.yuebing.answer.AnswerParser} takes the text apart as an {@link io.yuebing.answer.AnswerReading} says;
 * {@link io.yuebing.answer.ForcedCalls} and {@link io.yuebing.answer.tools.StrictCalls} are the constraints that hold calls to
 * their tools' schemas. No threads, clocks or sockets.
 */
@org.jspecify.annotations.NullMarked
module io.yuebing.answer {
    requires static transitive org.jspecify;
    requires transitive io.yuebing.api;
    requires transitive io.yuebing.text;
    requires transitive tools.jackson.databind;
    requires io.yuebing.grammar;

    exports io.yuebing.answer;
    exports io.yuebing.answer.reasoning;
    exports io.yuebing.answer.tools;
}
