package io.yuebing.library;

/** Whether an answer calls tools. */
public sealed interface ToolChoice {
    /** The choices that name no tool. */
    enum Mode implements ToolChoice {
        /** The model decides. */
        AUTO,
        /** It sees no tools. */
        NONE,
        /** The answer is one or more calls, whose arguments keep to the tools' schemas. */
        REQUIRED
    }

    /** The answer is one call of this tool, whose arguments keep to its schema. */
    record Named(String tool) implements ToolChoice {}
}
