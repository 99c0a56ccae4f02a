package io.yuebing.answer.tools;

/** Takes what a parser finds, in the order of the text. */
public interface ToolCallSink {
    /** Ordinary text of the answer. */
    void content(String text);

    /**
     * A call begins.
     *
     * @param id the id that the model itself gave the call; empty where the format has none
     */
    void call(String name, String id);

    /** More of the arguments of the call that began last, as JSON text. */
    void arguments(String json);
}
