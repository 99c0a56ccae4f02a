package io.yuebing.answer;

/** A piece of an answer, told apart by what it is. */
public sealed interface AnswerPart {
    /** Text for the reader. */
    record Content(String text) implements AnswerPart {}

    /** Thoughts before the answer. */
    record Reasoning(String text) implements AnswerPart {}

    /**
     * A tool call begins.
     *
     * @param index its place among the calls of the answer
     * @param id by which the tool's result will name it
     */
    record CallStart(int index, String id, String name) implements AnswerPart {}

    /** More of the JSON text of a call's arguments. */
    record CallArguments(int index, String json) implements AnswerPart {}
}
